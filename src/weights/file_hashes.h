// weights/file_hashes.h: SHA-256 of files, remembered from one process to the next.
//
//   FOLDER/DEVICE-INODE-SIZE-MODIFIED-CHANGED.sha256   what the kernel says of the file
//   (FileStatus)
//     HASH CHECKSUM\n                                  hex; Checksum64 of the name and the hash
//
// A file that changed has another status, but for changes within one tick of the file system's
// clock: a file that changed in the last seconds is not remembered. Tested by file_hashes_test.cc.
#pragma once

#include <string>
#include <utility>

#include "base/mapped_file.h"

namespace vecmill {

class FileHashes {
 public:
  // Remembers nothing.
  FileHashes() = default;
  // In `folder`, which only this process's user and root may write to. One that cannot be read or
  // written remembers nothing.
  explicit FileHashes(std::string folder) : folder_(std::move(folder)) {}

  // 64 lower-case hex digits. Reads every byte of a file that is not remembered. Errors: kInternal
  // if libcrypto fails.
  std::string Sha256(const MappedFile& file) const;

 private:
  std::string folder_;  // "" for none
};

}  // namespace vecmill

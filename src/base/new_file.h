// base/new_file.h: a file that appears when it is complete.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vecmill {

// Written under a working name beside its own, and removed again unless it is committed.
class NewFile {
 public:
  // Make `working_path`, in place of what an earlier process left there, for its owner alone to
  // read. REQUIRES: no other object has this working path. Errors: kIo.
  NewFile(std::string path, std::string working_path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Errors: kIo.
  void Write(std::span<const std::byte> bytes);

  // Flush the content to the disk, give the file its name, in place of what has it, and flush that.
  // Errors: kIo.
  void Commit();

 private:
  const std::string path_;
  const std::string working_path_;
  int fd_ = -1;
  bool committed_ = false;
};

}  // namespace vecmill

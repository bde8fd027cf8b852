// weights/array_file.h: arrays in a file, which processes map and share.
//
//   bytes 0 to 7     "vmarray1"
//         8 to 15    length of the header, H
//         16 to 23   Checksum64 of the header
//         24 to 31   length of the file
//         32         the header, JSON: {"key": "...", "arrays": [["NAME", BYTES, "CHECKSUM"], ...]}
//   each array at the next multiple of 64 bytes, with zeros before it
//
// Numbers are 64 bits, little-endian; an array's checksum is Checksum64 in decimal digits. The key
// says what the arrays are made of: a file with another one holds other arrays.
// Tested by array_file_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/array_store.h"
#include "base/mapped_file.h"

namespace vecmill {

// Make `path` durable and whole, in place of what has the name. REQUIRES: no other process makes
// it (base/file_lock.h). Errors: kIo.
void WriteArrayFile(const std::string& path, const std::string& key,
                    const std::vector<PrivateArrays::Array>& arrays);

// The arrays of a file, mapped; each keeps the mapping alive. Whatever the file holds, an array
// taken has the name and size asked for and the bytes that were written.
class MappedArrays final : public ArrayStore {
 public:
  // Errors: kNotFound, kIo; kCorrupt (not such a file, damaged, another key, one that other users
  // may change).
  MappedArrays(const std::string& path, const std::string& key);

  // Every array has been taken.
  bool exhausted() const { return next_ == arrays_.size(); }

 private:
  struct Array {
    std::string name;
    int64_t begin;
    int64_t num_bytes;
    std::string checksum;
  };

  // Errors: kCorrupt if the next array is another one or damaged. `fill` is not called.
  std::shared_ptr<const std::byte> TakeBytes(const std::string& name, int64_t num_bytes,
                                             const std::function<void(std::byte*)>& fill) override;
  void ReadHeader(const std::string& header, const std::string& key);
  [[noreturn]] void ThrowCorrupt(const std::string& why) const;

  std::shared_ptr<const MappedFile> file_;
  std::vector<Array> arrays_;
  size_t next_ = 0;
};

}  // namespace vecmill

// base/mapped_file.h: a file read through memory mapping.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vecmill {

// A whole regular file, mapped read-only for the object's lifetime. The size is taken from the open
// descriptor, never by asking for the name again. A file replaced by rename keeps its old content
// here; a file that somebody truncates in place while it is mapped is not guarded against. Errors:
// kNotFound, kIo (names the path and the reason; folders, FIFOs and devices are refused).
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(size_)}; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), static_cast<size_t>(size_)};
  }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace vecmill

// base/mapped_file.h: a file read through memory mapping.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vecmill {

// What the kernel says of a file. Equal for the same content; once some seconds have passed,
// another content has another one.
struct FileStatus {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;         // bytes
  int64_t modified_ns = 0;  // since 1970: when the content changed
  int64_t changed_ns = 0;   // when that or the name, owner or rights changed; nobody can set it
  uint32_t owner = 0;       // user id
  uint32_t mode = 0;        // rights

  // Nobody else may write to it: the owner is this process's user or root, and group and others
  // have no right to.
  bool IsOurs() const;
};

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
  int64_t size() const { return status_.size; }
  // When it was opened.
  const FileStatus& status() const { return status_; }
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(size())}; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(data_), static_cast<size_t>(size())};
  }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  FileStatus status_;
};

}  // namespace vecmill

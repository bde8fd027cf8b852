// hub/cache_files.h: files of the cache, made so that each is there whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace vecmill {

// A file under its working name until Commit gives it its own. An object destroyed before leaves
// what was written, and the next one goes on behind it. Errors of all functions: kIo, naming the
// file and, for a full disk, what to do. REQUIRES: one object a path (base/file_lock.h).
class PartialFile {
 public:
  // Open or make `path`.
  explicit PartialFile(std::string path);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  int64_t size() const { return size_; }
  void Append(std::span<const std::byte> bytes);
  void Clear();

  // Make the content durable, then rename it to `path`, atomically, in place of what is there.
  void Commit(const std::string& path);

 private:
  const std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

// True if `path` is a regular file of `size` bytes whose content has the hash: 64 digits, SHA-256;
// 40 digits, git's blob hash. Reads every byte. Errors: kIo.
bool HasContent(const std::string& path, int64_t size, const std::string& hash);

// The hash of the content, of the kind that has `digits` hex digits, 64 or 40. Errors: kIo.
std::string ContentHash(const std::string& path, size_t digits);

// Make `path` with the content, or a link to `target`, and the folders above it; atomically, in
// place of what is there. Errors: kIo.
void WriteSmallFile(const std::string& path, const std::string& content);
void MakeLink(const std::string& path, const std::string& target);

}  // namespace vecmill

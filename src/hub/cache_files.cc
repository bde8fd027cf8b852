#include "hub/cache_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/git_blob_hash.h"
#include "base/mapped_file.h"
#include "base/sha256.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const char* what, int error) {
  std::string message = path + ": " + what + ": " + std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    message +=
        "; make room or set HF_HUB_CACHE to another folder: what is there already is kept, and "
        "the next pull goes on from it";
  }
  throw Error(ErrorCode::kIo, message);
}

void MakeFoldersAbove(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) ThrowErrno(folder.string(), "cannot make the folder", error.value());
}

// A name beside `path` that no other process and no other call uses.
std::string WorkingName(const std::string& path) {
  static std::atomic<int64_t> count = 0;
  return path + "." + std::to_string(getpid()) + "." + std::to_string(++count) + ".tmp";
}

void RenameOrRemove(const std::string& working, const std::string& path) {
  if (rename(working.c_str(), path.c_str()) == 0) return;
  const int error = errno;
  unlink(working.c_str());
  ThrowErrno(path, "cannot make", error);
}

}  // namespace

PartialFile::PartialFile(std::string path) : path_(std::move(path)) {
  MakeFoldersAbove(path_);
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) ThrowErrno(path_, "cannot open", errno);
  struct stat info = {};
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd_);
    throw Error(ErrorCode::kIo, path_ + ": is not a regular file; remove it");
  }
  size_ = info.st_size;
}

PartialFile::~PartialFile() { close(fd_); }

void PartialFile::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno(path_, "cannot write", errno);
    size_ += written;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void PartialFile::Clear() {
  if (ftruncate(fd_, 0) != 0) ThrowErrno(path_, "cannot empty", errno);
  size_ = 0;
}

void PartialFile::Commit(const std::string& path) {
  // Without it a crash of the machine could leave the name without the content.
  if (fsync(fd_) != 0) ThrowErrno(path_, "cannot write", errno);
  if (rename(path_.c_str(), path.c_str()) != 0) ThrowErrno(path, "cannot make", errno);
}

std::string ContentHash(const std::string& path, size_t digits) {
  const MappedFile file(path);
  return digits == 64 ? Sha256Hex(file.bytes()) : GitBlobHash(file.bytes());
}

bool HasContent(const std::string& path, int64_t size, const std::string& hash) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != size) {
    return false;
  }
  return ContentHash(path, hash.size()) == hash;
}

void WriteSmallFile(const std::string& path, const std::string& content) {
  MakeFoldersAbove(path);
  const std::string working = WorkingName(path);
  const int fd = open(working.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) ThrowErrno(path, "cannot make", errno);
  const ssize_t written = write(fd, content.data(), content.size());
  const int error = written < 0 ? errno : ENOSPC;
  close(fd);
  if (written != static_cast<ssize_t>(content.size())) {
    unlink(working.c_str());
    ThrowErrno(path, "cannot write", error);
  }
  RenameOrRemove(working, path);
}

void MakeLink(const std::string& path, const std::string& target) {
  MakeFoldersAbove(path);
  const std::string working = WorkingName(path);
  if (symlink(target.c_str(), working.c_str()) != 0) {
    ThrowErrno(path, "cannot make a symbolic link, which the cache is built of", errno);
  }
  RenameOrRemove(working, path);
}

}  // namespace vecmill

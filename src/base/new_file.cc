#include "base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const char* what, int error) {
  throw Error(ErrorCode::kIo, path + ": " + what + ": " + std::generic_category().message(error));
}

// A file system without the call has nothing to flush.
bool Flush(int fd) { return fsync(fd) == 0 || errno == EINVAL; }

}  // namespace

NewFile::NewFile(std::string path, std::string working_path)
    : path_(std::move(path)), working_path_(std::move(working_path)) {
  unlink(working_path_.c_str());
  fd_ = open(working_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd_ < 0) ThrowErrno(working_path_, "cannot make", errno);
}

NewFile::~NewFile() {
  close(fd_);
  if (!committed_) unlink(working_path_.c_str());
}

void NewFile::Write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno(path_, "cannot write", errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void NewFile::Commit() {
  // Without it a crash of the machine could leave the name without the content.
  if (!Flush(fd_)) ThrowErrno(path_, "cannot flush to the disk", errno);
  if (rename(working_path_.c_str(), path_.c_str()) != 0) ThrowErrno(path_, "cannot make", errno);
  committed_ = true;
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // a folder that may be written but not read
  const bool flushed = Flush(fd);
  const int error = errno;
  close(fd);
  if (!flushed) ThrowErrno(path_, "cannot flush its folder to the disk", error);
}

}  // namespace vecmill

#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const char* what, int error) {
  throw Error(ErrorCode::kIo, path + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace

FileLock::FileLock(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code folder_error;
  std::filesystem::create_directories(folder, folder_error);
  if (folder_error) ThrowErrno(folder.string(), "cannot make the folder", folder_error.value());
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (fd_ < 0) ThrowErrno(path, "cannot open", errno);
  while (flock(fd_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    close(fd_);
    ThrowErrno(path, "cannot lock", error);
  }
}

FileLock::~FileLock() {
  // To close it is not enough: a child forked meanwhile has the descriptor too.
  flock(fd_, LOCK_UN);
  close(fd_);
}

}  // namespace vecmill

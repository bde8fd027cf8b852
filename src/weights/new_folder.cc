#include "weights/new_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kIo, path + ": " + what + ": " + std::generic_category().message(errno));
}

void RequireNothingAt(const std::string& path) {
  std::error_code error;
  if (std::filesystem::symlink_status(path, error).type() ==
      std::filesystem::file_type::not_found) {
    return;
  }
  throw Error(ErrorCode::kInvalidArgument,
              path + ": exists already; choose another name, or remove it first");
}

// Flush what `path` holds to the disk; `path` is closed.
void SyncAndClose(int fd, const std::string& path) {
  // A file system without the call has nothing to flush.
  const bool failed = ::fsync(fd) != 0 && errno != EINVAL;
  const int error = errno;
  const bool close_failed = ::close(fd) != 0;
  if (failed) errno = error;
  if (failed || close_failed) ThrowErrno(path, "cannot flush to the disk");
}

}  // namespace

NewFolder::NewFolder(const std::string& path) : path_(path) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  RequireNothingAt(path_);
  const std::filesystem::path name(path_);
  temporary_ = (name.parent_path() / ("." + name.filename().string() + ".XXXXXX")).string();
  if (::mkdtemp(temporary_.data()) == nullptr) {
    ThrowErrno(path_, "cannot make a folder beside it");
  }
  // mkdtemp's folder is for its owner alone; this one has the rights of any other.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::chmod(temporary_.c_str(), 0777 & ~mask);
}

NewFolder::~NewFolder() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_, ignored);
}

void NewFolder::Write(const std::string& name, std::string_view content) const {
  const std::string path = temporary_ + "/" + name;
  const std::string shown = path_ + "/" + name;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) ThrowErrno(shown, "cannot create");
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(fd);
      errno = error;
      ThrowErrno(shown, "cannot write");
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  SyncAndClose(fd, shown);
}

void NewFolder::Commit() {
  RequireNothingAt(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) ThrowErrno(path_, "cannot rename to it");
  committed_ = true;
  const std::string parent = std::filesystem::path(path_).parent_path().string();
  const int fd = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) SyncAndClose(fd, path_);  // else a folder that may be written but not read
}

}  // namespace vecmill

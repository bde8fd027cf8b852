#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const char* what, int error) {
  const bool missing = error == ENOENT || error == ENOTDIR;
  throw Error(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
              path + ": " + what + ": " + std::generic_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int64_t Nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

const char* KindName(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

bool FileStatus::IsOurs() const {
  return (owner == geteuid() || owner == 0) && (mode & (S_IWGRP | S_IWOTH)) == 0;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) ThrowErrno(path, "cannot open", errno);
  struct stat info = {};
  if (fstat(file.get(), &info) != 0) ThrowErrno(path, "cannot read the size", errno);
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::kIo, path + ": " + KindName(info.st_mode) + ", expected a regular file");
  }
  status_ = {.device = info.st_dev,
             .inode = info.st_ino,
             .size = info.st_size,
             .modified_ns = Nanoseconds(info.st_mtim),
             .changed_ns = Nanoseconds(info.st_ctim),
             .owner = info.st_uid,
             .mode = info.st_mode};
  if (info.st_size == 0) return;  // nothing to map: mmap refuses a length of 0
  const auto num_bytes = static_cast<size_t>(info.st_size);
  void* data = mmap(nullptr, num_bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) ThrowErrno(path, "cannot map", errno);
  // Our files are read whole and soon. Advice only, so its failure changes nothing.
  madvise(data, num_bytes, MADV_WILLNEED);
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), static_cast<size_t>(size()));
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      status_(std::exchange(other.status_, {})) {}

}  // namespace vecmill

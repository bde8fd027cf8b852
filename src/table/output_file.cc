#include "table/output_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <arrow/result.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>

#include "table/arrow_status.h"
#include "table/file_system.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowErrno(const std::string& path, const std::string& operation) {
  const int error = errno;
  throw Error(error == ENOENT || error == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
              path + ": " + operation + ": " + std::strerror(error));
}

[[noreturn]] void ThrowExists(const std::string& path) {
  throw Error(ErrorCode::kInvalidArgument,
              path + ": exists already; choose another name, or replace it (--restart)");
}

// Folder of `path`, "." for a bare name.
std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// 16 hex digits. Two runs that write to one folder must not meet.
std::string RandomName() {
  std::random_device random;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%08x%08x", static_cast<unsigned>(random()),
                static_cast<unsigned>(random()));
  return digits;
}

class LocalOutput : public OutputFile {
 public:
  LocalOutput(const std::string& path, bool replace) : path_(path), replace_(replace) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) {
        throw Error(ErrorCode::kInvalidArgument, path + ": is a folder; name a file in it");
      }
      if (!replace) ThrowExists(path);
    }
    const std::string name = std::filesystem::path(path).filename().string();
    temporary_ =
        (std::filesystem::path(path).parent_path() / ("." + name + "." + RandomName())).string();
    const int fd = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) ThrowErrno(path, "cannot create a file in its folder");
    auto stream = arrow::io::FileOutputStream::Open(fd);
    if (!stream.ok()) {
      ::close(fd);
      ::unlink(temporary_.c_str());
    }
    file_ = ValueOrThrow(std::move(stream), path + ": cannot create", ErrorCode::kIo);
    stream_ = file_;
  }

  ~LocalOutput() override {
    if (committed_) return;
    static_cast<void>(file_->Close());
    ::unlink(temporary_.c_str());
  }

  LocalOutput(const LocalOutput&) = delete;
  LocalOutput& operator=(const LocalOutput&) = delete;

  const std::shared_ptr<arrow::io::OutputStream>& stream() const override { return stream_; }

  void Commit() override {
    ThrowIfError(file_->Flush(), path_ + ": cannot write", ErrorCode::kIo);
    if (::fsync(file_->file_descriptor()) != 0) ThrowErrno(path_, "cannot flush to the disk");
    ThrowIfError(file_->Close(), path_ + ": cannot close", ErrorCode::kIo);
    Rename();
    committed_ = true;
    SyncFolder();
  }

 private:
  void Rename() {
    if (!replace_) {
      if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) ==
          0) {
        return;
      }
      if (errno == EEXIST) ThrowExists(path_);
      if (errno != EINVAL && errno != ENOSYS) ThrowErrno(path_, "cannot rename to it");
      // Some file systems do not know this flag.
      if (::access(path_.c_str(), F_OK) == 0) ThrowExists(path_);
    }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
      ThrowErrno(path_, "cannot rename to it");
    }
  }

  void SyncFolder() {
    const int fd = ::open(FolderOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;  // a folder that may be written but not read
    const bool failed = ::fsync(fd) != 0 && errno != EINVAL;
    const int error = errno;
    ::close(fd);
    errno = error;
    if (failed) ThrowErrno(path_, "cannot flush its folder to the disk");
  }

  const std::string path_;
  const bool replace_;
  std::string temporary_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::shared_ptr<arrow::io::OutputStream> stream_;  // file_
  bool committed_ = false;
};

class S3Output : public OutputFile {
 public:
  S3Output(const std::string& path, bool replace) : name_(DisplayPath(path)) {
    const S3Uri uri = ParseS3Uri(path);
    if (uri.key.empty()) {
      throw Error(ErrorCode::kInvalidArgument, name_ + ": is a bucket; name an object in it");
    }
    const std::shared_ptr<arrow::fs::FileSystem> fs = S3FileSystemOf(uri);
    const std::string object = uri.bucket + "/" + uri.key;
    if (!replace) {
      const arrow::fs::FileInfo info =
          ValueOrThrow(fs->GetFileInfo(object), name_ + ": cannot look up", ErrorCode::kIo);
      if (info.IsFile()) ThrowExists(name_);
    }
    stream_ = ValueOrThrow(fs->OpenOutputStream(object, /*metadata=*/nullptr),
                           name_ + ": cannot begin the upload", ErrorCode::kIo);
  }

  ~S3Output() override {
    if (!stream_->closed()) static_cast<void>(stream_->Abort());
  }

  S3Output(const S3Output&) = delete;
  S3Output& operator=(const S3Output&) = delete;

  const std::shared_ptr<arrow::io::OutputStream>& stream() const override { return stream_; }

  void Commit() override {
    ThrowIfError(stream_->Close(), name_ + ": cannot complete the upload", ErrorCode::kIo);
  }

 private:
  const std::string name_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

}  // namespace

std::unique_ptr<OutputFile> OutputFile::Create(const std::string& path, bool replace) {
  if (IsS3(path)) return std::make_unique<S3Output>(path, replace);
  return std::make_unique<LocalOutput>(path, replace);
}

}  // namespace vecmill

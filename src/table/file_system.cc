// Arrow 26 keeps its S3 client in a library of its own, 17 MB that most runs never need: it is
// loaded when the first s3:// URI is met. Older builds have it inside libarrow;
// VECMILL_ARROW_S3_LIBRARY is empty then.
#include "table/file_system.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <arrow/result.h>

#include <map>
#include <mutex>

#include "table/arrow_status.h"

namespace vecmill {
namespace {

// The S3 file systems of this process.
class S3Client {
 public:
  static S3Client& Get() {
    static S3Client client;
    return client;
  }

  std::shared_ptr<arrow::fs::FileSystem> FileSystemOf(const S3Uri& uri) {
    const std::lock_guard lock(mu_);
    const std::string address = std::string(kS3Scheme) + uri.authority + uri.parameters;
    std::shared_ptr<arrow::fs::FileSystem>& fs = file_systems_[address];
    if (!fs) {
      std::string bucket;
      fs = ValueOrThrow(arrow::fs::FileSystemFromUri(address, &bucket),
                        DisplayPath(uri.ToString()) + ": cannot reach S3",
                        ErrorCode::kInvalidArgument);
      // Arrow's own state was made by the line above, so this goes before it does.
      static const AtExit shut_down{*this};
    }
    return fs;
  }

  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

 private:
  S3Client() {
    const std::string library = VECMILL_ARROW_S3_LIBRARY;
    if (library.empty()) return;
    ThrowIfError(arrow::fs::LoadFileSystemFactories(library.c_str()),
                 "s3: cannot load Arrow's " + library, ErrorCode::kUnsupported);
  }

  // Arrow warns, and may crash, where its S3 is not shut down before the process's statics go.
  struct AtExit {
    S3Client& client;
    ~AtExit() {
      client.file_systems_.clear();
      arrow::fs::EnsureFinalized();
    }
  };

  std::mutex mu_;
  std::map<std::string, std::shared_ptr<arrow::fs::FileSystem>> file_systems_;  // guarded by mu_
};

}  // namespace

bool IsS3(std::string_view path) { return path.starts_with(kS3Scheme); }

std::string S3Uri::ToString() const {
  return std::string(kS3Scheme) + authority + (key.empty() ? "" : "/") + key + parameters;
}

S3Uri ParseS3Uri(const std::string& uri) {
  S3Uri parts;
  std::string rest = uri.substr(kS3Scheme.size());
  if (const size_t query = rest.find('?'); query != std::string::npos) {
    parts.parameters = rest.substr(query);
    rest.resize(query);
  }
  // A secret key may contain slashes, so the bucket starts behind the last '@' if there is one.
  const size_t at = rest.rfind('@');
  const size_t bucket_begin = at == std::string::npos ? 0 : at + 1;
  const size_t slash = std::min(rest.find('/', bucket_begin), rest.size());
  parts.authority = rest.substr(0, slash);
  parts.bucket = rest.substr(bucket_begin, slash - bucket_begin);
  parts.key = rest.substr(slash);
  parts.key.erase(0, parts.key.find_first_not_of('/'));
  parts.key.resize(parts.key.find_last_not_of('/') + 1);
  if (parts.bucket.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                DisplayPath(uri) + ": no bucket is named; write s3://BUCKET/KEY");
  }
  return parts;
}

std::shared_ptr<arrow::fs::FileSystem> S3FileSystemOf(const S3Uri& uri) {
  return S3Client::Get().FileSystemOf(uri);
}

std::shared_ptr<arrow::io::RandomAccessFile> OpenForReading(const std::string& path) {
  const std::string where = DisplayPath(path) + ": cannot open";
  if (IsS3(path)) {
    const S3Uri uri = ParseS3Uri(path);
    return ValueOrThrow(S3FileSystemOf(uri)->OpenInputFile(uri.bucket + "/" + uri.key), where,
                        ErrorCode::kIo);
  }
  return ValueOrThrow(arrow::io::ReadableFile::Open(path), where, ErrorCode::kIo);
}

std::string DisplayPath(const std::string& path) {
  if (!IsS3(path)) return path;
  const std::string shown = path.substr(0, path.find('?'));
  const size_t at = shown.rfind('@');
  return at == std::string::npos ? shown : std::string(kS3Scheme) + shown.substr(at + 1);
}

ErrorCode ReadFailureCode(const std::string& path) {
  return IsS3(path) ? ErrorCode::kIo : ErrorCode::kCorrupt;
}

}  // namespace vecmill

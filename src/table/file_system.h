// table/file_system.h: where a file is, on this machine or in S3. Of this room alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vecmill/error.h"

namespace arrow::fs {
class FileSystem;
}
namespace arrow::io {
class RandomAccessFile;
}

namespace vecmill {

inline constexpr std::string_view kS3Scheme = "s3://";

bool IsS3(std::string_view path);

// The parts of s3://[ACCESS_KEY:SECRET@]BUCKET[/KEY][?PARAMETERS]. The key is taken as it stands:
// no percent-decoding, so that names with spaces and '%' need no care.
struct S3Uri {
  std::string authority;  // [ACCESS_KEY:SECRET@]BUCKET
  std::string bucket;
  std::string key;         // no slash at either end; empty for the whole bucket
  std::string parameters;  // with its '?', or empty

  std::string ToString() const;
};

// Errors: kInvalidArgument if no bucket is named.
S3Uri ParseS3Uri(const std::string& uri);

// The file system that serves `uri`'s bucket. The first call loads Arrow's S3 client and starts it;
// it is shut down when the process ends. Thread-safe. Errors: kUnsupported if this Arrow has no S3,
// kInvalidArgument (a parameter that Arrow does not know), kIo.
std::shared_ptr<arrow::fs::FileSystem> S3FileSystemOf(const S3Uri& uri);

// A local path or s3:// URI, opened. Errors: kNotFound, kIo, and those of S3FileSystemOf.
std::shared_ptr<arrow::io::RandomAccessFile> OpenForReading(const std::string& path);

// `path` as messages show it: without the keys and parameters of an S3 URI.
std::string DisplayPath(const std::string& path);

// The code for a failed read of `path` that names no reason of the system's: a local file is
// damaged, a remote one may as well be out of reach.
ErrorCode ReadFailureCode(const std::string& path);

}  // namespace vecmill

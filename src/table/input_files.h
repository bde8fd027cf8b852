// table/input_files.h: from what the user typed to a list of files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vecmill {

enum class FileFormat { kParquet, kCsv, kTsv, kJsonl };
enum class Compression { kNone, kGzip, kZstd };

struct InputFile {
  std::string path;  // a local path, or an s3:// URI with its parameters
  FileFormat format = FileFormat::kParquet;
  Compression compression = Compression::kNone;
  int64_t size_bytes = 0;
};

// The files that `patterns` name, in the order of the patterns. A pattern is
//   a file     taken as it is; also s3://BUCKET/KEY
//   a folder   every data file in it and in its folders, sorted by path; names that begin with '.'
//              or '_' and files of other kinds are left out; also s3://BUCKET/PREFIX/
//   a glob     sorted by path; the rules are in table/glob.h. In s3:// URIs '?' is no wildcard but
//              begins the parameters (endpoint_override, region, scheme, ...).
// The format follows from the extension, in any case: .parquet; .csv .tsv .jsonl .ndjson .json,
// each also with .gz or .zst. A .json file holds one object per line, like .jsonl.
// Errors: kNotFound if a pattern names nothing, kInvalidArgument for an extension not listed above
// or something that is no regular file, kUnsupported for another URI scheme, kIo.
std::vector<InputFile> ListInputFiles(const std::vector<std::string>& patterns);

}  // namespace vecmill

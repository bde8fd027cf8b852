// table/output_file.h: a file that appears under its name when it is complete. Of this room alone.
#pragma once

#include <memory>
#include <string>

namespace arrow::io {
class OutputStream;
}

namespace vecmill {

// A local file is written under a hidden temporary name in the same folder, flushed to the disk and
// renamed; an S3 object appears by itself when its upload is completed. Not thread-safe.
class OutputFile {
 public:
  // Errors: kInvalidArgument (`path` exists and not `replace`; it is a folder), kNotFound (its
  // folder does not exist), kIo.
  static std::unique_ptr<OutputFile> Create(const std::string& path, bool replace);

  // Without Commit, nothing is left behind. Never throws.
  virtual ~OutputFile() = default;

  virtual const std::shared_ptr<arrow::io::OutputStream>& stream() const = 0;

  // Make the file appear; durable when this returns. Errors: kIo, naming the path and the step;
  // kInvalidArgument if the path came to exist in the meantime and not `replace`.
  virtual void Commit() = 0;
};

}  // namespace vecmill

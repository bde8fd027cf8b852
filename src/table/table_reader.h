// table/table_reader.h: any number of files as one stream of rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "table/chunk.h"
#include "table/input_files.h"

namespace vecmill {

struct TableReaderOptions {
  // The column that will be embedded; it must be there and hold text. Empty: any table will do.
  std::string text_column;
  int64_t max_chunk_rows = 8192;
  // Text of one chunk, in bytes; a chunk of one row may hold more.
  int64_t max_chunk_text_bytes = 8 << 20;
};

// The rows of `files`, in their order. All files have the same columns, of the same types. Not
// thread-safe. Memory: some 50 MB for the batch at hand plus the longest row, however large the
// files and row groups are.
class TableReader {
 public:
  // Reads all Parquet footers, and all text files once (see table/table_file.h), so that what is
  // wrong with the inputs shows before any work. REQUIRES: files is not empty. Errors:
  // kInvalidArgument (missing or wrong text column, files of different columns: names both and the
  // first difference), kCorrupt, kNotFound, kIo, kUnsupported.
  static std::unique_ptr<TableReader> Open(std::vector<InputFile> files,
                                           const TableReaderOptions& options);
  virtual ~TableReader() = default;

  // The next rows, at least one; nullopt at the end. Errors: kCorrupt, kIo, kUnsupported, naming
  // the file and the row group or row.
  virtual std::optional<Chunk> Next() = 0;

  // Give no more than `max_rows` (> 0) at once from now on, where that is fewer than the options
  // say.
  virtual void LimitChunkRows(int64_t max_rows) = 0;

  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual const std::vector<std::string>& column_names() const = 0;
  virtual int64_t total_rows() const = 0;
  virtual int64_t total_bytes() const = 0;  // of all files
  virtual int64_t bytes_read() const = 0;   // thereof, behind the chunks given so far
};

// The key-value pairs of a Parquet file's footer. Errors: kCorrupt, kNotFound, kIo.
std::map<std::string, std::string> FooterMetadata(const std::string& path);

}  // namespace vecmill

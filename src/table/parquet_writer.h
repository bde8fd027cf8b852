// table/parquet_writer.h: chunks with their vectors to one Parquet file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "table/chunk.h"
#include "vecmill/dtype.h"
#include "vecmill/embedder.h"

namespace vecmill {

// Throws what ParquetWriter::Open would throw about `path`, and leaves nothing behind: for callers
// that have long work to do before they can open it.
void CheckOutput(const std::string& path, bool replace);

struct ParquetWriterOptions {
  std::vector<ColumnDescription> columns;  // at least one, dims in [1, INT32_MAX]
  Dtype dtype = Dtype::kFloat32;           // of the vectors' values
  // Add NAME_tokens (int32), NAME_truncated (bool) and NAME_error (string; null where all is well,
  // else what was wrong with the row: a null text is no error), NAME that of the first column.
  bool accounts = false;
  bool counts_chunks = false;  // the accounts have NAME_chunks (int32) too, null without a vector
  bool replace = false;        // an output that exists is replaced, not refused
  std::vector<std::pair<std::string, std::string>> metadata;  // of the footer: "vecmill.dim", "384"
  // A row group ends when it holds this many rows or bytes. Until then its rows are in memory.
  int64_t max_group_rows = 64 << 10;
  int64_t max_group_bytes = 64 << 20;
};

// Writes the input's columns in their order, then columns of vectors as LIST with required elements
// of the dtype, which ARROW:schema declares to be fixed_size_list<float>[dim] and so on, or as
// lists of those where every token has a vector, then the accounts. Input columns are compressed
// with zstd; vectors are not (see the .cc). The schema's metadata is kept, options.metadata wins
// where keys are equal. Not thread-safe.
//
// The file appears under its name when Finish returns and not before. The first failure is kept:
// later calls throw it again.
class ParquetWriter {
 public:
  // `path` is local or an s3:// URI; `schema` is TableReader::schema(). Errors: kInvalidArgument
  // (the output exists, or a new column has the name of an input column), kNotFound, kIo,
  // kUnsupported (a type that Parquet cannot hold).
  static std::unique_ptr<ParquetWriter> Open(const std::string& path,
                                             const std::shared_ptr<arrow::Schema>& schema,
                                             const ParquetWriterOptions& options);

  // Without Finish, nothing is left behind. Never throws.
  virtual ~ParquetWriter() = default;

  // Append the chunk's rows with what was made of them, quantized unless the dtype is float32; a
  // row whose account has no vector gets null vectors. The vectors are copied, the chunk is kept
  // for a while. Errors: kIo.
  virtual void Write(const Chunk& chunk, const Embeddings& made) = 0;

  // Put another pair into the footer. REQUIRES: Write was not called.
  virtual void AddMetadata(const std::string& key, const std::string& value) = 0;

  // Complete the file. Errors: kIo, kInvalidArgument (the output came to exist while writing).
  virtual void Finish() = 0;
};

}  // namespace vecmill

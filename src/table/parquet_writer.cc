// Vectors are written plain and uncompressed: the mantissas of normalised vectors are random bits.
// For 20,000 x 384 of them (pyarrow.parquet.write_table, one thread): zstd saves 8 % and writes at
// 250 instead of 370 MB/s; BYTE_STREAM_SPLIT with zstd saves 16 % at 200 MB/s, and not every reader
// knows that encoding. Bytes are another matter: Parquet has no type of their width, and plain they
// would take four; as indices of a dictionary of at most 256 values they take one.
//
// A row group is collected as Arrow arrays and then written column by column, page by page. Arrow's
// buffered row groups would take the rows as they come, but hold the encoded pages in growing
// buffers: 387 MB at the peak instead of 214 MB for 5 million rows of 384 values.
#include "table/parquet_writer.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cstring>
#include <optional>

#include "base/check.h"
#include "table/arrow_status.h"
#include "table/element_type.h"
#include "table/file_system.h"
#include "table/output_file.h"

namespace vecmill {
namespace {

std::shared_ptr<arrow::DataType> VectorType(const ColumnDescription& column, Dtype dtype) {
  return arrow::fixed_size_list(arrow::field("element", ElementType(dtype), /*nullable=*/false),
                                static_cast<int32_t>(StoredValues(dtype, column.dim)));
}

std::shared_ptr<arrow::DataType> ColumnType(const ColumnDescription& column, Dtype dtype) {
  auto vector = VectorType(column, dtype);
  if (!column.per_token()) return vector;
  return arrow::large_list(arrow::field("element", vector, /*nullable=*/false));
}

[[noreturn]] void ThrowTaken(const std::string& where, const std::string& name) {
  throw Error(ErrorCode::kInvalidArgument,
              where + ": there is a column '" + name + "' already; choose another output column");
}

std::shared_ptr<arrow::Schema> OutputSchema(const arrow::Schema& input, const std::string& where,
                                            const ParquetWriterOptions& options) {
  arrow::FieldVector added;
  for (const ColumnDescription& column : options.columns) {
    added.push_back(arrow::field(column.name, ColumnType(column, options.dtype)));
  }
  if (options.accounts) {
    const std::string& name = options.columns.front().name;
    added.push_back(arrow::field(name + "_tokens", arrow::int32()));
    added.push_back(arrow::field(name + "_truncated", arrow::boolean()));
    added.push_back(arrow::field(name + "_error", arrow::utf8()));
    if (options.counts_chunks) added.push_back(arrow::field(name + "_chunks", arrow::int32()));
  }
  arrow::FieldVector fields = input.fields();
  for (const auto& field : added) {
    for (const auto& taken : fields) {
      if (taken->name() == field->name()) ThrowTaken(where, field->name());
    }
    fields.push_back(field);
  }
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  if (input.HasMetadata()) metadata = input.metadata()->Copy();
  for (const auto& [key, value] : options.metadata) {
    ThrowIfError(metadata->Set(key, value), where, ErrorCode::kInternal);
  }
  return arrow::schema(fields, metadata);
}

std::shared_ptr<parquet::WriterProperties> ColumnProperties(const ParquetWriterOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)->enable_page_checksum();
  for (const ColumnDescription& column : options.columns) {
    std::vector<std::string> path = {column.name, "list", "element"};
    if (column.per_token()) path.insert(path.end(), {"list", "element"});
    const std::string values = parquet::schema::ColumnPath(path).ToDotString();
    builder.compression(values, parquet::Compression::UNCOMPRESSED)->disable_statistics(values);
    if (BytesOfValue(options.dtype) > 1) builder.disable_dictionary(values);
  }
  return builder.build();
}

std::shared_ptr<parquet::ArrowWriterProperties> ArrowProperties() {
  return parquet::ArrowWriterProperties::Builder().store_schema()->build();
}

// Bits of the rows that have a vector, and how many have none.
struct Validity {
  std::shared_ptr<arrow::Buffer> bits;  // nullptr if all have
  int64_t num_nulls = 0;
};

Validity ValidityOf(std::span<const RowAccount> accounts, const std::string& where) {
  arrow::TypedBufferBuilder<bool> bits;
  for (const RowAccount& account : accounts) {
    ThrowIfError(bits.Append(account.has_vector()), where, ErrorCode::kInternal);
  }
  Validity validity{.bits = nullptr, .num_nulls = bits.false_count()};
  if (validity.num_nulls > 0) {
    validity.bits = ValueOrThrow(bits.Finish(), where, ErrorCode::kInternal);
  }
  return validity;
}

std::shared_ptr<arrow::Buffer> CopyOf(std::span<const std::byte> values, const std::string& where) {
  const std::shared_ptr<arrow::Buffer> bytes =
      ValueOrThrow(arrow::AllocateBuffer(std::ssize(values)), where, ErrorCode::kInternal);
  if (!values.empty()) std::memcpy(bytes->mutable_data(), values.data(), values.size());
  return bytes;
}

// The bytes of a column's vectors.
std::span<const std::byte> BytesOf(const Embeddings::Column& made, Dtype dtype) {
  if (dtype == Dtype::kFloat32) return std::as_bytes(std::span(made.values));
  return std::as_bytes(std::span(made.quantized));
}

// The vectors of a column as an array of their own.
std::shared_ptr<arrow::Array> VectorArray(const Embeddings::Column& made,
                                          const ColumnDescription& column, Dtype dtype,
                                          std::span<const RowAccount> accounts,
                                          const std::string& where) {
  const auto num_rows = static_cast<int64_t>(accounts.size());
  const std::span<const std::byte> bytes = BytesOf(made, dtype);
  const int64_t num_values = std::ssize(bytes) / BytesOfValue(dtype);
  const auto type = VectorType(column, dtype);
  const auto values = arrow::MakeArray(
      arrow::ArrayData::Make(ElementType(dtype), num_values, {nullptr, CopyOf(bytes, where)}));
  Validity validity = ValidityOf(accounts, where);
  if (!column.per_token()) {
    return std::make_shared<arrow::FixedSizeListArray>(
        type, num_rows, values, std::move(validity.bits), validity.num_nulls);
  }
  const auto vectors = std::make_shared<arrow::FixedSizeListArray>(
      type, num_values / StoredValues(dtype, column.dim), values);
  const auto offsets = CopyOf(std::as_bytes(std::span(made.offsets)), where);
  return std::make_shared<arrow::LargeListArray>(ColumnType(column, dtype), num_rows, offsets,
                                                 vectors, std::move(validity.bits),
                                                 validity.num_nulls);
}

arrow::Result<arrow::ArrayVector> AccountArrays(std::span<const RowAccount> accounts,
                                                bool counts_chunks) {
  arrow::Int32Builder tokens;
  arrow::BooleanBuilder truncated;
  arrow::StringBuilder error;
  arrow::Int32Builder chunks;
  for (const RowAccount& account : accounts) {
    ARROW_RETURN_NOT_OK(tokens.Append(account.num_tokens));
    ARROW_RETURN_NOT_OK(truncated.Append(account.truncated));
    const std::string reason = RowError(account);
    ARROW_RETURN_NOT_OK(reason.empty() ? error.AppendNull() : error.Append(reason));
    ARROW_RETURN_NOT_OK(account.has_vector() ? chunks.Append(account.num_chunks)
                                             : chunks.AppendNull());
  }
  arrow::ArrayVector arrays(counts_chunks ? 4 : 3);
  ARROW_RETURN_NOT_OK(tokens.Finish(&arrays[0]));
  ARROW_RETURN_NOT_OK(truncated.Finish(&arrays[1]));
  ARROW_RETURN_NOT_OK(error.Finish(&arrays[2]));
  if (counts_chunks) ARROW_RETURN_NOT_OK(chunks.Finish(&arrays[3]));
  return arrays;
}

class FileParquetWriter : public ParquetWriter {
 public:
  FileParquetWriter(const std::string& path, const arrow::Schema& schema,
                    const ParquetWriterOptions& options)
      : name_(DisplayPath(path)),
        options_(options),
        schema_(OutputSchema(schema, name_, options)),
        file_(OutputFile::Create(path, options.replace)) {
    const std::string where = name_ + ": cannot write";
    TranslateExceptions(where, ErrorCode::kIo, [&] {
      std::shared_ptr<parquet::SchemaDescriptor> made;
      ThrowIfError(parquet::arrow::ToParquetSchema(schema_.get(), *ColumnProperties(options),
                                                   *ArrowProperties(), &made),
                   where, ErrorCode::kIo);
    });
  }

  // A parquet writer completes its file when it goes; the stream is shut before, so that an
  // abandoned upload is not completed and a full disk is not written to again.
  ~FileParquetWriter() override { file_.reset(); }

  FileParquetWriter(const FileParquetWriter&) = delete;
  FileParquetWriter& operator=(const FileParquetWriter&) = delete;

  void Write(const Chunk& chunk, const Embeddings& made) override {
    CheckSizes(chunk, made);
    KeepFailure([&] {
      const std::string where = name_ + ": cannot write";
      arrow::ArrayVector columns = chunk.batch->columns();
      for (size_t i = 0; i < made.columns.size(); ++i) {
        columns.push_back(VectorArray(made.columns[i], options_.columns[i], options_.dtype,
                                      made.accounts, where));
      }
      if (options_.accounts) {
        for (auto& array : ValueOrThrow(AccountArrays(made.accounts, options_.counts_chunks), where,
                                        ErrorCode::kInternal)) {
          columns.push_back(std::move(array));
        }
      }
      group_.push_back(arrow::RecordBatch::Make(schema_, chunk.num_rows(), std::move(columns)));
      group_rows_ += chunk.num_rows();
      group_bytes_ += ValueOrThrow(arrow::util::ReferencedBufferSize(*group_.back()), where,
                                   ErrorCode::kInternal);
      if (group_rows_ >= options_.max_group_rows || group_bytes_ >= options_.max_group_bytes) {
        WriteGroup(where);
      }
    });
  }

  void AddMetadata(const std::string& key, const std::string& value) override {
    VECMILL_CHECK(!writer_);
    const auto metadata = schema_->metadata()->Copy();
    ThrowIfError(metadata->Set(key, value), name_, ErrorCode::kInternal);
    schema_ = schema_->WithMetadata(metadata);
  }

  void Finish() override {
    KeepFailure([&] {
      const std::string where = name_ + ": cannot write";
      WriteGroup(where);
      OpenWriter(where);
      ThrowIfError(writer_->Close(), where, ErrorCode::kIo);
      file_->Commit();
    });
  }

 private:
  void CheckSizes(const Chunk& chunk, const Embeddings& made) const {
    VECMILL_CHECK(static_cast<int64_t>(made.accounts.size()) == chunk.num_rows() &&
                  made.columns.size() == options_.columns.size());
    for (size_t i = 0; i < made.columns.size(); ++i) {
      const Embeddings::Column& column = made.columns[i];
      const int64_t num_vectors =
          options_.columns[i].per_token() ? column.offsets.back() : chunk.num_rows();
      const int64_t num_values =
          num_vectors * StoredValues(options_.dtype, options_.columns[i].dim);
      VECMILL_CHECK(std::ssize(BytesOf(column, options_.dtype)) ==
                    num_values * BytesOfValue(options_.dtype));
    }
  }

  // The file begins with the first group, when the metadata of the schema is complete.
  void OpenWriter(const std::string& where) {
    if (writer_) return;
    writer_ = ValueOrThrow(
        parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), file_->stream(),
                                         ColumnProperties(options_), ArrowProperties()),
        where, ErrorCode::kIo);
  }

  void WriteGroup(const std::string& where) {
    if (group_rows_ == 0) return;
    OpenWriter(where);
    const auto table =
        ValueOrThrow(arrow::Table::FromRecordBatches(schema_, group_), where, ErrorCode::kInternal);
    group_.clear();
    ThrowIfError(writer_->WriteTable(*table, group_rows_), where, ErrorCode::kIo);
    group_rows_ = 0;
    group_bytes_ = 0;
  }

  template <typename Fn>
  void KeepFailure(Fn&& fn) {
    if (failure_) throw Error(*failure_);
    try {
      TranslateExceptions(name_ + ": cannot write", ErrorCode::kIo, fn);
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
  }

  const std::string name_;
  const ParquetWriterOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> group_;  // rows of the next row group
  int64_t group_rows_ = 0;
  int64_t group_bytes_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

void CheckOutput(const std::string& path, bool replace) { OutputFile::Create(path, replace); }

std::unique_ptr<ParquetWriter> ParquetWriter::Open(const std::string& path,
                                                   const std::shared_ptr<arrow::Schema>& schema,
                                                   const ParquetWriterOptions& options) {
  VECMILL_CHECK(!options.columns.empty());
  for (const ColumnDescription& column : options.columns) {
    VECMILL_CHECK(column.dim > 0 && column.dim <= INT32_MAX);
  }
  return std::make_unique<FileParquetWriter>(path, *schema, options);
}

}  // namespace vecmill

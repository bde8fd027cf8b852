// Memory while reading. A row group may hold the whole table, so it is neither read nor decoded at
// once: column chunks come through buffered streams (Arrow's read-ahead of whole chunks is off),
// and batches are sized in bytes. How large a decoded row is can only be guessed before: dictionary
// pages repeat values for free, and tables sorted by length change on the way. So the first batch
// has few rows, and each batch sets the size of the next.
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>

#include "base/checked_math.h"
#include "table/arrow_status.h"
#include "table/file_system.h"
#include "table/table_file.h"
#include "table/table_reader.h"

namespace vecmill {
namespace {

constexpr int64_t kBatchBytes = 32 << 20;
constexpr int64_t kFirstBatchRows = 64;
constexpr int64_t kMaxBatchRows = 256;  // what one step from short rows to long ones can cost
constexpr int64_t kMaxGrowth = 4;       // of batch rows, from one batch to the next

// Read buffers of all columns together. Each gets its share, within limits where a read wastes
// neither system calls nor requests (S3: about 20 ms each) nor memory.
constexpr int64_t kReadBufferBytes = 32 << 20;
constexpr int64_t kMinReadBufferBytes = 64 << 10;
constexpr int64_t kMaxReadBufferBytes = 4 << 20;

struct OpenFile {
  std::string name;  // for messages
  ErrorCode failure;
  std::unique_ptr<parquet::arrow::FileReader> reader;

  const parquet::FileMetaData& metadata() const { return *reader->parquet_reader()->metadata(); }
};

OpenFile Open(const std::string& path) {
  OpenFile file{.name = DisplayPath(path), .failure = ReadFailureCode(path), .reader = nullptr};
  const std::shared_ptr<arrow::io::RandomAccessFile> input = OpenForReading(path);
  const std::string where = file.name + ": not a whole Parquet file";
  TranslateExceptions(where, file.failure, [&] {
    const std::shared_ptr<parquet::FileMetaData> metadata = parquet::ReadMetaData(input);

    parquet::ReaderProperties properties = parquet::default_reader_properties();
    properties.enable_buffered_stream();
    properties.set_buffer_size(std::clamp(kReadBufferBytes / std::max(metadata->num_columns(), 1),
                                          kMinReadBufferBytes, kMaxReadBufferBytes));
    properties.set_page_checksum_verification(true);
    parquet::arrow::FileReaderBuilder builder;
    ThrowIfError(builder.Open(input, properties, metadata), where, file.failure);

    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_pre_buffer(false);
    arrow_properties.set_arrow_extensions_enabled(true);
    builder.properties(arrow_properties);
    ThrowIfError(builder.Build(&file.reader), where, file.failure);
  });
  return file;
}

// Rows of the file, when its row groups agree with it.
int64_t CountRows(const OpenFile& file) {
  const parquet::FileMetaData& metadata = file.metadata();
  int64_t sum = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const int64_t num_rows = metadata.RowGroup(i)->num_rows();
    const std::optional<int64_t> next = CheckedAdd(sum, num_rows);
    if (num_rows < 0 || !next) {
      throw Error(ErrorCode::kCorrupt, file.name + ": row group " + std::to_string(i) + " claims " +
                                           std::to_string(num_rows) + " rows");
    }
    sum = *next;
  }
  if (sum != metadata.num_rows()) {
    throw Error(ErrorCode::kCorrupt, file.name + ": the row groups hold " + std::to_string(sum) +
                                         " rows, the footer says " +
                                         std::to_string(metadata.num_rows()));
  }
  return sum;
}

class ParquetFile : public TableFile {
 public:
  explicit ParquetFile(const InputFile& file)
      : size_bytes_(file.size_bytes), file_(Open(file.path)), num_rows_(CountRows(file_)) {}

  std::shared_ptr<arrow::RecordBatch> Next() override {
    const std::string where = file_.name + ": row group " + std::to_string(row_group_);
    return TranslateExceptions(where, file_.failure, [&] { return NextOfAnyRowGroup(); });
  }

  int64_t bytes_read() const override {
    if (num_rows_ == 0) return size_bytes_;
    return static_cast<int64_t>(static_cast<double>(size_bytes_) *
                                (static_cast<double>(rows_read_) / static_cast<double>(num_rows_)));
  }

 private:
  std::shared_ptr<arrow::RecordBatch> NextOfAnyRowGroup() {
    while (true) {
      const std::string where = file_.name + ": row group " + std::to_string(row_group_);
      if (!batches_) {
        if (row_group_ == file_.metadata().num_row_groups()) return nullptr;
        batches_ =
            ValueOrThrow(file_.reader->GetRecordBatchReader({row_group_}), where, file_.failure);
        rows_left_ = file_.metadata().RowGroup(row_group_)->num_rows();
      }
      file_.reader->set_batch_size(batch_rows_);
      std::shared_ptr<arrow::RecordBatch> batch =
          ValueOrThrow(batches_->Next(), where, file_.failure);
      if (batch && batch->num_rows() <= rows_left_) {
        ThrowIfError(batch->Validate(), where, ErrorCode::kCorrupt);
        rows_left_ -= batch->num_rows();
        rows_read_ += batch->num_rows();
        AdaptBatchRows(*batch, where);
        return batch;
      }
      if (batch || rows_left_ != 0) {
        throw Error(ErrorCode::kCorrupt,
                    where + ": the columns hold more or fewer rows than the footer says");
      }
      batches_.reset();
      ++row_group_;
    }
  }

  void AdaptBatchRows(const arrow::RecordBatch& batch, const std::string& where) {
    if (batch.num_rows() == 0) return;
    const int64_t num_bytes =
        ValueOrThrow(arrow::util::ReferencedBufferSize(batch), where, ErrorCode::kInternal);
    const int64_t row_bytes = std::max(num_bytes / batch.num_rows(), int64_t{1});
    batch_rows_ = std::clamp(kBatchBytes / row_bytes, int64_t{1},
                             std::min(kMaxBatchRows, batch_rows_ * kMaxGrowth));
  }

  const int64_t size_bytes_;
  const OpenFile file_;
  const int64_t num_rows_;
  int row_group_ = 0;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // of row_group_
  int64_t rows_left_ = 0;                              // of row_group_
  int64_t rows_read_ = 0;
  int64_t batch_rows_ = kFirstBatchRows;
};

}  // namespace

TableOutline OutlineOfParquet(const InputFile& file) {
  const OpenFile open = Open(file.path);
  TableOutline outline{.schema = nullptr, .num_rows = CountRows(open)};
  TranslateExceptions(open.name, open.failure, [&] {
    ThrowIfError(open.reader->GetSchema(&outline.schema), open.name, open.failure);
  });
  return outline;
}

std::map<std::string, std::string> FooterMetadata(const std::string& path) {
  const OpenFile file = Open(path);
  std::map<std::string, std::string> pairs;
  if (const auto& metadata = file.metadata().key_value_metadata()) {
    for (int64_t i = 0; i < metadata->size(); ++i) pairs[metadata->key(i)] = metadata->value(i);
  }
  return pairs;
}

std::unique_ptr<TableFile> OpenParquet(const InputFile& file) {
  return std::make_unique<ParquetFile>(file);
}

}  // namespace vecmill

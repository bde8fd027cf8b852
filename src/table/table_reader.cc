#include "table/table_reader.h"

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>

#include "base/check.h"
#include "table/arrow_status.h"
#include "table/file_system.h"
#include "table/table_file.h"

namespace vecmill {
namespace {

// All columns of a chunk together: a batch of Parquet is about as large.
constexpr int64_t kMaxChunkBytes = 32 << 20;

void RequireSameColumns(const arrow::Schema& schema, const std::string& file,
                        const arrow::Schema& first_schema, const std::string& first_file) {
  if (schema.Equals(first_schema, /*check_metadata=*/false)) return;
  const auto shown = [](const arrow::Schema& s, int i) {
    return i < s.num_fields() ? s.field(i)->ToString() : std::string("missing");
  };
  int i = 0;
  while (i < schema.num_fields() && i < first_schema.num_fields() &&
         schema.field(i)->Equals(first_schema.field(i), /*check_metadata=*/false)) {
    ++i;
  }
  throw Error(ErrorCode::kInvalidArgument,
              DisplayPath(file) + ": column " + std::to_string(i) + " is " + shown(schema, i) +
                  ", but in " + DisplayPath(first_file) + " it is " + shown(first_schema, i) +
                  "; all inputs must have the same columns");
}

// The one outline of all files. The schema is the first Parquet file's, with its metadata.
TableOutline OutlineOf(const std::vector<InputFile>& files, const std::string& text_column) {
  TableOutline outline;
  std::string first_file;
  std::vector<InputFile> text_files;
  for (const InputFile& file : files) {
    if (file.format != FileFormat::kParquet) {
      text_files.push_back(file);
      continue;
    }
    TableOutline parquet = OutlineOfParquet(file);
    if (outline.schema) {
      RequireSameColumns(*parquet.schema, file.path, *outline.schema, first_file);
    } else {
      outline.schema = std::move(parquet.schema);
      first_file = file.path;
    }
    outline.num_rows += parquet.num_rows;
  }
  if (text_files.empty()) return outline;
  const TableOutline text = OutlineOfText(text_files, text_column);
  if (text.schema && outline.schema) {
    RequireSameColumns(*text.schema, text_files[0].path, *outline.schema, first_file);
  }
  if (!outline.schema) outline.schema = text.schema;
  outline.num_rows += text.num_rows;
  return outline;
}

// What a chunk can still take.
struct Room {
  int64_t rows;
  int64_t text_bytes;
  int64_t bytes;  // of all columns

  bool IsFull() const { return rows <= 0 || text_bytes <= 0 || bytes <= 0; }
};

class FilesReader : public TableReader {
 public:
  FilesReader(std::vector<InputFile> files, const TableReaderOptions& options, TableOutline outline)
      : files_(std::move(files)),
        options_(options),
        outline_(std::move(outline)),
        column_names_(outline_.schema->field_names()) {}

  std::optional<Chunk> Next() override {
    while (row_in_batch_ == batch_.num_rows()) {
      if (!NextBatch() && !OpenNextFile()) return std::nullopt;
    }
    Chunk chunk{
        .batch = nullptr, .file = batch_.file, .first_row = batch_.first_row + row_in_batch_};
    Room room{.rows = options_.max_chunk_rows,
              .text_bytes = options_.max_chunk_text_bytes,
              .bytes = kMaxChunkBytes};
    std::vector<std::shared_ptr<arrow::RecordBatch>> parts;
    do {
      std::shared_ptr<arrow::RecordBatch> part = TakeRows(room, /*at_least_one=*/parts.empty());
      if (part->num_rows() > 0) parts.push_back(std::move(part));
    } while (row_in_batch_ == batch_.num_rows() && !room.IsFull() && NextBatch());
    chunk.batch = parts.size() == 1 ? parts[0]
                                    : ValueOrThrow(arrow::ConcatenateRecordBatches(parts),
                                                   chunk.file, ErrorCode::kUnsupported);
    return chunk;
  }

  void LimitChunkRows(int64_t max_rows) override {
    VECMILL_CHECK(max_rows > 0);
    options_.max_chunk_rows = std::min(options_.max_chunk_rows, max_rows);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return outline_.schema; }
  const std::vector<std::string>& column_names() const override { return column_names_; }
  int64_t total_rows() const override { return outline_.num_rows; }

  int64_t total_bytes() const override {
    int64_t sum = 0;
    for (const InputFile& file : files_) sum += file.size_bytes;
    return sum;
  }

  int64_t bytes_read() const override {
    return bytes_of_read_files_ + (file_ ? file_->bytes_read() : 0);
  }

 private:
  // The rows of batch_ from row_in_batch_ on that find room, which shrinks by them.
  std::shared_ptr<arrow::RecordBatch> TakeRows(Room& room, bool at_least_one) {
    const int64_t begin = row_in_batch_;
    const int64_t end = std::min(batch_.num_rows(), begin + room.rows);
    int64_t row = begin;
    for (; row < end; ++row) {
      const TextRow text =
          batch_texts_.empty() ? std::nullopt : batch_texts_[static_cast<size_t>(row)];
      const int64_t text_bytes = text ? static_cast<int64_t>(text->size()) : 0;
      if (text_bytes > room.text_bytes && !(at_least_one && row == begin)) break;
      room.text_bytes -= text_bytes;
    }
    std::shared_ptr<arrow::RecordBatch> part = batch_.batch->Slice(begin, row - begin);
    room.rows -= part->num_rows();
    room.bytes -=
        ValueOrThrow(arrow::util::ReferencedBufferSize(*part), batch_.file, ErrorCode::kInternal);
    row_in_batch_ = row;
    return part;
  }

  // Put the file's next batch, perhaps of no rows, into batch_. False if there is none.
  bool NextBatch() {
    if (!file_) return false;
    std::shared_ptr<arrow::RecordBatch> batch = file_->Next();
    if (!batch) {
      bytes_of_read_files_ += files_[next_file_ - 1].size_bytes;
      file_.reset();
      return false;
    }
    RequireSameColumns(*batch->schema(), batch_.file, *outline_.schema, batch_.file);
    batch_.first_row += batch_.num_rows();
    batch_.batch = std::move(batch);
    row_in_batch_ = 0;
    if (!options_.text_column.empty()) batch_texts_ = TextRows(batch_, options_.text_column);
    return true;
  }

  bool OpenNextFile() {
    if (next_file_ == files_.size()) return false;
    const InputFile& file = files_[next_file_++];
    batch_ = Chunk{.batch = nullptr, .file = DisplayPath(file.path), .first_row = 0};
    row_in_batch_ = 0;
    file_ =
        file.format == FileFormat::kParquet ? OpenParquet(file) : OpenText(file, outline_.schema);
    return true;
  }

  const std::vector<InputFile> files_;
  TableReaderOptions options_;
  const TableOutline outline_;
  const std::vector<std::string> column_names_;

  size_t next_file_ = 0;              // index of the file to open next
  std::unique_ptr<TableFile> file_;   // the one before, until its end
  int64_t bytes_of_read_files_ = 0;   // of those that are at their end
  Chunk batch_;                       // what file_ gave last
  std::vector<TextRow> batch_texts_;  // of batch_; empty without a text column
  int64_t row_in_batch_ = 0;          // the first that Next has not handed out
};

}  // namespace

std::unique_ptr<TableReader> TableReader::Open(std::vector<InputFile> files,
                                               const TableReaderOptions& options) {
  VECMILL_CHECK(!files.empty() && options.max_chunk_rows > 0);
  TableOutline outline = OutlineOf(files, options.text_column);
  const std::string first_file = DisplayPath(files[0].path);
  if (!outline.schema) {
    throw Error(ErrorCode::kInvalidArgument,
                first_file + (files.size() == 1 ? "" : " and the other inputs") +
                    ": no row and no header; there is nothing to read");
  }
  if (!options.text_column.empty()) {
    CheckTextColumn(*outline.schema, options.text_column, first_file);
  }
  return std::make_unique<FilesReader>(std::move(files), options, std::move(outline));
}

}  // namespace vecmill

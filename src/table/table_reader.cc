#include "table/table_reader.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/check.h"
#include "table/arrow_status.h"
#include "table/file_system.h"
#include "table/table_file.h"

namespace vecmill {
namespace {

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

// How many of `texts`, from `begin`, make a chunk: at least one.
int64_t ChunkRows(const std::vector<TextRow>& texts, int64_t begin,
                  const TableReaderOptions& options) {
  const int64_t end = std::min(static_cast<int64_t>(texts.size()), begin + options.max_chunk_rows);
  int64_t num_bytes = 0;
  for (int64_t i = begin; i < end; ++i) {
    const TextRow& text = texts[static_cast<size_t>(i)];
    if (text) num_bytes += static_cast<int64_t>(text->size());
    if (num_bytes > options.max_chunk_text_bytes) return std::max(i - begin, int64_t{1});
  }
  return end - begin;
}

class FilesReader : public TableReader {
 public:
  FilesReader(std::vector<InputFile> files, const TableReaderOptions& options, TableOutline outline)
      : files_(std::move(files)),
        options_(options),
        outline_(std::move(outline)),
        column_names_(outline_.schema->field_names()) {}

  std::optional<Chunk> Next() override {
    while (row_in_batch_ == batch_.num_rows()) {
      if (!NextBatch()) return std::nullopt;
    }
    const int64_t num_rows =
        options_.text_column.empty()
            ? std::min(options_.max_chunk_rows, batch_.num_rows() - row_in_batch_)
            : ChunkRows(batch_texts_, row_in_batch_, options_);
    Chunk chunk{.batch = batch_.batch->Slice(row_in_batch_, num_rows),
                .file = batch_.file,
                .first_row = batch_.first_row + row_in_batch_};
    row_in_batch_ += num_rows;
    return chunk;
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
  // Put the next batch, perhaps of no rows, into batch_. False at the end of all files.
  bool NextBatch() {
    if (!file_) {
      if (file_idx_ == files_.size()) return false;
      OpenFile(files_[file_idx_]);
    }
    batch_.first_row += batch_.num_rows();
    row_in_batch_ = 0;
    batch_.batch = file_->Next();
    if (!batch_.batch) {
      bytes_of_read_files_ += files_[file_idx_].size_bytes;
      file_.reset();
      ++file_idx_;
      return true;
    }
    RequireSameColumns(*batch_.batch->schema(), batch_.file, *outline_.schema, batch_.file);
    if (!options_.text_column.empty()) batch_texts_ = TextRows(batch_, options_.text_column);
    return true;
  }

  void OpenFile(const InputFile& file) {
    batch_ = Chunk{.batch = nullptr, .file = DisplayPath(file.path), .first_row = 0};
    file_ = file.format == FileFormat::kParquet ? OpenParquet(file, options_.max_chunk_rows)
                                                : OpenText(file, outline_.schema);
  }

  const std::vector<InputFile> files_;
  const TableReaderOptions options_;
  const TableOutline outline_;
  const std::vector<std::string> column_names_;

  size_t file_idx_ = 0;
  std::unique_ptr<TableFile> file_;  // files_[file_idx_], once opened
  int64_t bytes_of_read_files_ = 0;  // files before file_idx_
  Chunk batch_;                      // what file_ gave last
  std::vector<TextRow> batch_texts_;
  int64_t row_in_batch_ = 0;  // the first that Next has not handed out
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

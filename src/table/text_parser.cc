#include "table/text_parser.h"

#include <arrow/buffer.h>
#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "table/arrow_status.h"

namespace vecmill {
namespace {

// Without these, a block larger than int32 could not be handed to Arrow.
int32_t BlockSize(const arrow::Buffer& block) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max() - 1;
  return static_cast<int32_t>(std::min(block.size(), kMax)) + 1;
}

arrow::csv::ConvertOptions CsvTypes(const arrow::Schema& types) {
  auto options = arrow::csv::ConvertOptions::Defaults();
  for (const auto& field : types.fields()) options.column_types[field->name()] = field->type();
  options.check_utf8 = false;  // the embedder repairs and counts invalid UTF-8
  options.null_values = {""};  // "NA", "null" and "nan" are texts
  options.strings_can_be_null = true;
  options.quoted_strings_can_be_null = false;
  return options;
}

std::vector<std::string> ColumnNames(const arrow::Schema& schema, const std::string& file_name) {
  std::vector<std::string> names = schema.field_names();
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                file_name + ": two columns are named '" + *twice + "'; rename one");
  }
  return names;
}

bool IsBlank(const arrow::Buffer& block) {
  return std::string_view(block).find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

char CsvDelimiter(FileFormat format) { return format == FileFormat::kTsv ? '\t' : ','; }

TextParser::TextParser(std::string file_name, FileFormat format,
                       std::shared_ptr<arrow::Schema> types, bool all_known)
    : file_name_(std::move(file_name)),
      format_(format),
      types_(std::move(types)),
      all_known_(all_known) {}

std::shared_ptr<arrow::RecordBatch> TextParser::Parse(const std::shared_ptr<arrow::Buffer>& block) {
  std::shared_ptr<arrow::RecordBatch> batch = TranslateExceptions(
      Where(), ErrorCode::kCorrupt,
      [&] { return format_ == FileFormat::kJsonl ? ParseJson(block) : ParseCsv(block); });
  rows_parsed_ += batch->num_rows();
  return batch;
}

// Arrow counts rows within the block, so the message says where the block begins.
std::string TextParser::Where() const {
  return file_name_ + ": in the block that begins at row " + std::to_string(rows_parsed_);
}

std::shared_ptr<arrow::RecordBatch> TextParser::ParseCsv(
    const std::shared_ptr<arrow::Buffer>& block) {
  auto read_options = arrow::csv::ReadOptions::Defaults();
  read_options.use_threads = false;
  read_options.block_size = BlockSize(*block);
  read_options.column_names = csv_columns_;

  std::string bad_row;
  const int64_t header_rows = csv_columns_.empty() ? 1 : 0;
  auto parse_options = arrow::csv::ParseOptions::Defaults();
  parse_options.delimiter = CsvDelimiter(format_);
  parse_options.newlines_in_values = true;
  parse_options.invalid_row_handler = [&](const arrow::csv::InvalidRow& row) {
    bad_row = file_name_ + ": row " + std::to_string(rows_parsed_ + row.number - 1 - header_rows) +
              " has " + std::to_string(row.actual_columns) + " fields, the header names " +
              std::to_string(row.expected_columns) +
              " columns: " + std::string(row.text.substr(0, 80));
    return arrow::csv::InvalidRowResult::Error;
  };

  const auto input = std::make_shared<arrow::io::BufferReader>(block);
  const auto table = [&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
    ARROW_ASSIGN_OR_RAISE(
        auto reader, arrow::csv::TableReader::Make(arrow::io::default_io_context(), input,
                                                   read_options, parse_options, CsvTypes(*types_)));
    return reader->Read();
  }();
  if (!bad_row.empty()) throw Error(ErrorCode::kCorrupt, bad_row);
  ThrowIfError(table.status(), Where(), ErrorCode::kCorrupt);
  if (csv_columns_.empty()) csv_columns_ = ColumnNames(*(*table)->schema(), file_name_);
  return ValueOrThrow((*table)->CombineChunksToBatch(), Where(), ErrorCode::kInternal);
}

std::shared_ptr<arrow::RecordBatch> TextParser::ParseJson(
    const std::shared_ptr<arrow::Buffer>& block) {
  if (IsBlank(*block)) {
    return ValueOrThrow(arrow::RecordBatch::MakeEmpty(types_), Where(), ErrorCode::kInternal);
  }
  auto options = arrow::json::ParseOptions::Defaults();
  options.explicit_schema = types_;
  options.unexpected_field_behavior = all_known_ ? arrow::json::UnexpectedFieldBehavior::Error
                                                 : arrow::json::UnexpectedFieldBehavior::InferType;
  return ValueOrThrow(arrow::json::ParseOne(options, block), Where(), ErrorCode::kCorrupt);
}

}  // namespace vecmill

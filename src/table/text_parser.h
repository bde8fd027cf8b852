// table/text_parser.h: a block of CSV or JSON lines to a record batch. Of this room alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "table/input_files.h"

namespace arrow {
class Buffer;
class RecordBatch;
class Schema;
}  // namespace arrow

namespace vecmill {

// Parses the blocks of one file in their order; what RowBlocks cuts.
class TextParser {
 public:
  // Columns get the types that `types` gives their names, others the narrowest type that holds this
  // block's values; with `all_known`, a JSON field that is not among them is an error.
  // CSV: the first row names the columns. An unquoted empty field is null, a quoted one is "".
  // Empty lines are no rows.
  TextParser(std::string file_name, FileFormat format, std::shared_ptr<arrow::Schema> types,
             bool all_known);

  // Errors: kCorrupt naming file and row.
  std::shared_ptr<arrow::RecordBatch> Parse(const std::shared_ptr<arrow::Buffer>& block);

 private:
  std::shared_ptr<arrow::RecordBatch> ParseCsv(const std::shared_ptr<arrow::Buffer>& block);
  std::shared_ptr<arrow::RecordBatch> ParseJson(const std::shared_ptr<arrow::Buffer>& block);
  std::string Where() const;

  const std::string file_name_;
  const FileFormat format_;
  const std::shared_ptr<arrow::Schema> types_;
  const bool all_known_;
  std::vector<std::string> csv_columns_;  // empty until the header was read
  int64_t rows_parsed_ = 0;
};

// ',' or a tab. REQUIRES: format is kCsv or kTsv.
char CsvDelimiter(FileFormat format);

}  // namespace vecmill

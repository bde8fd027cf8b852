// table/table_file.h: one input file as a stream of record batches. Of this room alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "table/input_files.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace vecmill {

class TableFile {
 public:
  virtual ~TableFile() = default;

  // The next rows, or nullptr at the end. Errors: kCorrupt, kIo, kUnsupported, naming file and
  // place.
  virtual std::shared_ptr<arrow::RecordBatch> Next() = 0;

  // Bytes of the file behind the rows given so far: exact for text, by share of rows for Parquet.
  virtual int64_t bytes_read() const = 0;
};

// What is known of a table before its rows are read.
struct TableOutline {
  std::shared_ptr<arrow::Schema> schema;
  int64_t num_rows = 0;
};

// Reads the footer only.
TableOutline OutlineOfParquet(const InputFile& file);

// Batches of at most 256 rows of one row group, decoded into about 32 MB or one row: memory grows
// neither with the file nor with its row groups.
std::unique_ptr<TableFile> OpenParquet(const InputFile& file);

// The types of CSV, TSV and JSON lines are not written down: this reads all the text files once and
// takes for each column the narrowest type that holds every value. In CSV `text_column` is string.
//   CSV    The first row names the columns; all files must have the same. Types are integer,
//   double,
//          boolean, date, time, timestamp, else string.
//   JSON   The columns are all that appear, in order of first appearance; a missing one is null.
//          Types are integer, double, boolean, string, list, struct.
// A column without any value is string. Files without a row or header are passed over.
// Errors: kCorrupt naming the file and row, kInvalidArgument when two JSON values of a column have
// no common type or files have different columns. The schema is nullptr if all files are empty.
TableOutline OutlineOfText(const std::vector<InputFile>& files, const std::string& text_column);

// Blocks of about 4 MB of text, parsed to `schema`, which OutlineOfText gave.
std::unique_ptr<TableFile> OpenText(const InputFile& file, std::shared_ptr<arrow::Schema> schema);

}  // namespace vecmill

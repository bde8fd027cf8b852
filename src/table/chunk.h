// table/chunk.h: some consecutive rows of a table, and what can be read from their columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vecmill/dtype.h"
#include "vecmill/embedder.h"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace vecmill {

// Rows of one file. A cheap copy: the columns are shared and never change.
struct Chunk {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::string file;       // as messages show it
  int64_t first_row = 0;  // of the file, counted from 0

  int64_t num_rows() const;
};

// The texts of `column`, one for each row; views live as long as a copy of the chunk does. Any
// string or binary type will do, also behind a dictionary or an extension type; a null column is
// all nulls. Errors: kInvalidArgument (no such column: lists the columns; two of that name; no
// text: names the type), kCorrupt (a dictionary index out of range).
std::vector<TextRow> TextRows(const Chunk& chunk, const std::string& column);

// Throws what TextRows would throw about the column's name and type. `file` is for the message.
void CheckTextColumn(const arrow::Schema& schema, const std::string& column,
                     const std::string& file);

// The vectors of an embedding column.
struct VectorRows {
  int64_t num_values = 0;  // of all vectors; 0 if there is none
  // [N], the bytes of each row's values or nullptr for null; they live as long as the chunk.
  std::vector<const uint8_t*> rows;
};

// `column` must be fixed_size_list, list or large_list of the type that values of `dtype` have.
// Errors: kInvalidArgument (no such column, other type), kCorrupt (vectors of two lengths, or a
// null within a vector, naming the row).
VectorRows ReadVectors(const Chunk& chunk, const std::string& column, Dtype dtype);

// The value of a cell as text: a string as it stands, "null", or Arrow's way to print the type.
// REQUIRES: 0 <= row < num_rows(). Errors: kInvalidArgument if there is no such column.
std::string CellText(const Chunk& chunk, const std::string& column, int64_t row);

}  // namespace vecmill

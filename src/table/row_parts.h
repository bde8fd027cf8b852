// table/row_parts.h: rows repeated, one for each part of their text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "table/chunk.h"
#include "vecmill/text_span.h"

namespace vecmill {

// A part of a row's text.
struct RowPart {
  int64_t row = 0;               // of the chunk of rows
  int32_t part = 0;              // of the row's, counted from 0
  int32_t num_parts = 1;         // that the row has
  std::optional<TextSpan> span;  // of the row's text; nullopt if it is null
  int32_t pass = 0;              // through the network, of the row's, counted from 0
  int32_t num_passes = 1;        // of part 0: those of the row
};

// What a row of the output says of its part.
struct PartColumns {
  std::string name;  // NAME below
  bool has_pass = false;
};

// The columns of `input`, of which `text_column` holds what a part has of the text, then
//   NAME_row    int64  the row of the input, counted from 0 over all files
//   NAME_chunk  int32  RowPart::part
//   NAME_begin, NAME_end  int64  RowPart::span, bytes of the row's text; null if that is
//   NAME_pass   int32  RowPart::pass, if asked for
// A text column behind a dictionary or an extension type becomes a plain one, a view a string.
// REQUIRES: CheckTextColumn passes. Errors: kInvalidArgument if there is such a column already.
std::shared_ptr<arrow::Schema> SchemaOfParts(const arrow::Schema& input,
                                             const std::string& text_column,
                                             const PartColumns& places);

// A row for each of `parts`, with SchemaOfParts. `parts` are in the order of the rows; `row_begin`
// is the number of the first of `rows` over all files. Errors: kCorrupt as TextRows, kUnsupported
// if a column of the result is too large for its type.
Chunk TakeParts(const Chunk& rows, std::span<const RowPart> parts, int64_t row_begin,
                const std::string& text_column, const std::shared_ptr<arrow::Schema>& schema);

// Memory that row `row` takes in all columns but `text_column`: what each of its parts repeats.
int64_t RepeatedBytes(const Chunk& rows, int64_t row, const std::string& text_column);

}  // namespace vecmill

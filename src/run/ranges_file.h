// run/ranges_file.h: the ranges of int8 and uint8 vectors as files and footers hold them.
//
// The text of one column's is JSON, [[smallest values], [largest values]], as sentence_transformers
// takes them: `ranges.tolist()`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/quantizer.h"
#include "vecmill/embedder.h"

namespace vecmill {

struct CalibratedRanges {
  ValueRanges ranges;
  std::optional<int64_t> num_rows;  // they come from; unset: not known
};

std::string RangesText(const ValueRanges& ranges);

// Errors: kCorrupt for anything else than two lists of `dim` finite numbers, none of the first
// above that of the second. `where` names the text.
ValueRanges ParseRanges(const std::string& text, int64_t dim, const std::string& where);

// Refuse ranges that ParseRanges would refuse.
void CheckRanges(const ValueRanges& ranges, int64_t dim, const std::string& where);

// The ranges of each of the model's columns in `path`: a Parquet file that vecmill embed wrote as
// int8 or uint8, with the same model and the same settings of the column; or a .json file, of one
// column or of an object of several by their names. Errors: kInvalidArgument, kCorrupt, kNotFound,
// kIo.
std::vector<CalibratedRanges> ReadRanges(const std::string& path, const ModelDescription& model);

}  // namespace vecmill

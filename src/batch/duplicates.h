// batch/duplicates.h: which rows have the same text as an earlier one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vecmill/text_span.h"

namespace vecmill {

// For each of `rows` [N] the index of the first row with the same bytes: first[i] <= i, and
// first[i] == i for a row seen for the first time and for every null row. Time and memory O(bytes +
// N).
std::vector<int64_t> FirstOccurrences(std::span<const std::optional<std::string_view>> rows);

// For each of `rows` [N], which the call above gave, the index of the first row with the same text
// and the same one of `spans` [N].
std::vector<int64_t> FirstOccurrences(std::span<const int64_t> rows,
                                      std::span<const TextSpan> spans);

}  // namespace vecmill

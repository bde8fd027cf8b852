#include "batch/shared_rows.h"

#include <numeric>

#include "batch/duplicates.h"

namespace vecmill {

SharedRows::SharedRows(std::span<const std::optional<std::string_view>> rows,
                       std::span<const TextSpan> spans)
    : text_(FirstOccurrences(rows)),
      vector_(spans.empty() ? text_ : FirstOccurrences(text_, spans)),
      begins_(rows.size() + 1) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (is_made(i)) ++begins_[static_cast<size_t>(text_[i]) + 1];
  }
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  made_.resize(static_cast<size_t>(begins_.back()));
  std::vector<int64_t> ends(begins_.begin(), begins_.end() - 1);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!is_made(i)) continue;
    int64_t& end = ends[static_cast<size_t>(text_[i])];
    made_[static_cast<size_t>(end++)] = static_cast<int64_t>(i);
  }
}

std::span<const int64_t> SharedRows::MadeFrom(int64_t row) const {
  const auto i = static_cast<size_t>(row);
  return std::span(made_).subspan(static_cast<size_t>(begins_[i]),
                                  static_cast<size_t>(begins_[i + 1] - begins_[i]));
}

}  // namespace vecmill

#include "batch/duplicates.h"

#include <unordered_map>

namespace vecmill {

std::vector<int64_t> FirstOccurrences(std::span<const std::optional<std::string_view>> rows) {
  std::vector<int64_t> first(rows.size());
  std::unordered_map<std::string_view, int64_t> seen;
  seen.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto row_idx = static_cast<int64_t>(i);
    first[i] = rows[i] ? seen.try_emplace(*rows[i], row_idx).first->second : row_idx;
  }
  return first;
}

}  // namespace vecmill

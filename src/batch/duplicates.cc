#include "batch/duplicates.h"

#include <map>
#include <tuple>
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

std::vector<int64_t> FirstOccurrences(std::span<const int64_t> rows,
                                      std::span<const TextSpan> spans) {
  std::vector<int64_t> first(rows.size());
  std::map<std::tuple<int64_t, int64_t, int64_t>, int64_t> seen;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::tuple key(rows[i], spans[i].begin, spans[i].end);
    first[i] = seen.try_emplace(key, static_cast<int64_t>(i)).first->second;
  }
  return first;
}

}  // namespace vecmill

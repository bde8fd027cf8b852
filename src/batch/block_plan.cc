#include "batch/block_plan.h"

#include <algorithm>

#include "base/check.h"

namespace vecmill {

std::vector<Block> PlanBlocks(std::span<const int32_t> num_tokens, int64_t max_tokens) {
  VECMILL_CHECK(max_tokens >= 1);
  std::vector<int64_t> order;
  order.reserve(num_tokens.size());
  for (size_t i = 0; i < num_tokens.size(); ++i) {
    VECMILL_CHECK(num_tokens[i] >= 0);
    if (num_tokens[i] > 0) order.push_back(static_cast<int64_t>(i));
  }
  const auto length = [&](int64_t row) { return num_tokens[static_cast<size_t>(row)]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return length(a) > length(b); });

  std::vector<Block> blocks;
  int64_t block_tokens = 0;
  for (int64_t row : order) {
    if (blocks.empty() || block_tokens + length(row) > max_tokens) {
      blocks.emplace_back();
      block_tokens = 0;
    }
    blocks.back().push_back(row);
    block_tokens += length(row);
  }
  return blocks;
}

}  // namespace vecmill

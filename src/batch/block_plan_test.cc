#include "batch/block_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vecmill {
namespace {

int64_t Tokens(const Block& block, std::span<const int32_t> num_tokens) {
  int64_t sum = 0;
  for (int64_t row : block) sum += num_tokens[static_cast<size_t>(row)];
  return sum;
}

TEST(PlanBlocks, TakesLongestFirstAndKeepsRowOrderAmongEquals) {
  const std::vector<int32_t> num_tokens = {3, 5, 3, 1, 5};
  EXPECT_EQ(PlanBlocks(num_tokens, 8), (std::vector<Block>{{1}, {4, 0}, {2, 3}}));
}

TEST(PlanBlocks, GivesARowOverTheBudgetItsOwnBlock) {
  const std::vector<int32_t> num_tokens = {2, 100, 2};
  EXPECT_EQ(PlanBlocks(num_tokens, 10), (std::vector<Block>{{1}, {0, 2}}));
}

TEST(PlanBlocks, LeavesOutRowsWithoutTokens) {
  const std::vector<int32_t> num_tokens = {0, 4, 0};
  EXPECT_EQ(PlanBlocks(num_tokens, 10), (std::vector<Block>{{1}}));
  EXPECT_TRUE(PlanBlocks({}, 10).empty());
}

TEST(PlanBlocks, HoldsEveryRowOnceWithinTheBudgetAndNoTwoNeighboursCouldBeOne) {
  std::mt19937 random(1);
  for (int64_t budget : {1, 7, 64, 256}) {
    std::vector<int32_t> num_tokens(1000);
    for (int32_t& n : num_tokens) n = static_cast<int32_t>(random() % 90);
    const std::vector<Block> blocks = PlanBlocks(num_tokens, budget);

    std::vector<int> seen(num_tokens.size(), 0);
    for (size_t b = 0; b < blocks.size(); ++b) {
      const int64_t tokens = Tokens(blocks[b], num_tokens);
      EXPECT_TRUE(tokens <= budget || blocks[b].size() == 1);
      if (b > 0) {
        EXPECT_GT(Tokens(blocks[b - 1], num_tokens) + Tokens({blocks[b].front()}, num_tokens),
                  budget);
      }
      for (int64_t row : blocks[b]) ++seen[static_cast<size_t>(row)];
    }
    for (size_t i = 0; i < num_tokens.size(); ++i) EXPECT_EQ(seen[i], num_tokens[i] > 0 ? 1 : 0);
  }
}

}  // namespace
}  // namespace vecmill

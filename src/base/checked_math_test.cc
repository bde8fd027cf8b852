#include "base/checked_math.h"

#include <gtest/gtest.h>

#include <vector>

namespace vecmill {
namespace {

TEST(CheckedMath, AddsUpToTheLimit) {
  EXPECT_EQ(CheckedAdd(2, 3), 5);
  EXPECT_EQ(CheckedAdd(INT64_MAX - 1, 1), INT64_MAX);
  EXPECT_EQ(CheckedAdd(INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(CheckedAdd(INT64_MIN, -1), std::nullopt);
}

TEST(CheckedMath, MultipliesUpToTheLimit) {
  EXPECT_EQ(CheckedMul(-4, 5), -20);
  EXPECT_EQ(CheckedMul(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(CheckedMul(int64_t{1} << 32, int64_t{1} << 31), std::nullopt);
}

std::optional<int64_t> NumElements(const std::vector<int64_t>& shape) {
  return CheckedNumElements(shape);
}

TEST(CheckedMath, CountsTheElementsOfAShape) {
  EXPECT_EQ(NumElements({}), 1);
  EXPECT_EQ(NumElements({30522, 384}), 30522 * 384);
  EXPECT_EQ(NumElements({7, 0, 3}), 0);
  EXPECT_EQ(NumElements({2, -1}), std::nullopt);
  EXPECT_EQ(NumElements({int64_t{1} << 40, int64_t{1} << 40}), std::nullopt);
}

}  // namespace
}  // namespace vecmill

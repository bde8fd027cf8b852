#include "batch/shared_rows.h"

#include <gtest/gtest.h>

namespace vecmill {
namespace {

using Indices = std::vector<int64_t>;
using Rows = std::vector<std::optional<std::string_view>>;

Indices List(std::span<const int64_t> rows) { return {rows.begin(), rows.end()}; }

TEST(SharedRows, MakeOneVectorOfATextIfTheyAreWhole) {
  const SharedRows shared(Rows{"a", "b", "a", std::nullopt, "b"}, {});
  EXPECT_EQ(List(shared.text()), (Indices{0, 1, 0, 3, 1}));
  EXPECT_EQ(List(shared.vector()), (Indices{0, 1, 0, 3, 1}));
  EXPECT_EQ(List(shared.MadeFrom(0)), (Indices{0}));
  EXPECT_EQ(List(shared.MadeFrom(1)), (Indices{1}));
  EXPECT_EQ(List(shared.MadeFrom(2)), (Indices{}));
}

TEST(SharedRows, MakeOneVectorOfASpan) {
  const std::vector<TextSpan> spans = {{0, 1}, {2, 3}, {0, 1}, {0, 1}, {0, 3}, {2, 3}};
  const SharedRows shared(Rows{"a b", "a b", "c d", "a b", "a b", "c d"}, spans);
  EXPECT_EQ(List(shared.text()), (Indices{0, 0, 2, 0, 0, 2}));
  EXPECT_EQ(List(shared.vector()), (Indices{0, 1, 2, 0, 4, 5}));
  EXPECT_EQ(List(shared.MadeFrom(0)), (Indices{0, 1, 4}));
  EXPECT_EQ(List(shared.MadeFrom(2)), (Indices{2, 5}));
}

TEST(SharedRows, TakeNoRows) { EXPECT_TRUE(SharedRows({}, {}).text().empty()); }

}  // namespace
}  // namespace vecmill

#include "batch/duplicates.h"

#include <gtest/gtest.h>

#include <string>

namespace vecmill {
namespace {

using Rows = std::vector<std::optional<std::string_view>>;

TEST(FirstOccurrences, PointsEveryRepeatAtItsFirstRow) {
  const Rows rows = {"a", "b", "a", "", "b", "a", ""};
  EXPECT_EQ(FirstOccurrences(rows), (std::vector<int64_t>{0, 1, 0, 3, 1, 0, 3}));
}

TEST(FirstOccurrences, NullIsNeverARepeatNorTheEmptyString) {
  const Rows rows = {std::nullopt, "", std::nullopt, ""};
  EXPECT_EQ(FirstOccurrences(rows), (std::vector<int64_t>{0, 1, 2, 1}));
}

TEST(FirstOccurrences, ComparesBytesNotAddresses) {
  const std::string one = "same text";
  const std::string other = "same text";
  const std::string longer = "same text!";
  EXPECT_EQ(FirstOccurrences(Rows{one, other, longer}), (std::vector<int64_t>{0, 0, 2}));
}

TEST(FirstOccurrences, TellsSpansOfOneTextApart) {
  const std::vector<int64_t> rows = FirstOccurrences(Rows{"a b", "a b", "c", "a b", "a b"});
  const std::vector<TextSpan> spans = {{0, 1}, {2, 3}, {0, 1}, {0, 1}, {0, 3}};
  EXPECT_EQ(FirstOccurrences(rows, spans), (std::vector<int64_t>{0, 1, 2, 0, 4}));
}

TEST(FirstOccurrences, TakesNoRows) { EXPECT_TRUE(FirstOccurrences({}).empty()); }

}  // namespace
}  // namespace vecmill

#include "tokenizer/grapheme.h"

#include <gtest/gtest.h>

#include <string>

namespace vecmill {
namespace {

std::string Clusters(std::string_view text) {
  std::string marked;
  for (int64_t pos = 0; pos < static_cast<int64_t>(text.size());) {
    int64_t end = Graphemes::Get().ClusterEnd(text, pos);
    marked +=
        "|" + std::string(text.substr(static_cast<size_t>(pos), static_cast<size_t>(end - pos)));
    pos = end;
  }
  return marked;
}

// From the rules of UAX 29, by number.
TEST(Graphemes, Rules) {
  EXPECT_EQ(Clusters("ab"), "|a|b");                                              // 999
  EXPECT_EQ(Clusters("\r\n\n\r"), "|\r\n|\n|\r");                                 // 3
  EXPECT_EQ(Clusters("a\n\u0301"), "|a|\n|\u0301");                               // 4, 5
  EXPECT_EQ(Clusters("\u1100\u1161\u11A8\u1100"), "|\u1100\u1161\u11A8|\u1100");  // 6 to 8
  EXPECT_EQ(Clusters("\uAC00\u11A8\uAC01\u1161"), "|\uAC00\u11A8|\uAC01|\u1161");
  EXPECT_EQ(Clusters("\u1100\uAC01\u11A8"), "|\u1100\uAC01\u11A8");
  EXPECT_EQ(Clusters("a\u0301\u200D\u0903b"), "|a\u0301\u200D\u0903|b");          // 9, 9a
  EXPECT_EQ(Clusters("\u0600a\u0600"), "|\u0600a|\u0600");                        // 9b
  EXPECT_EQ(Clusters("\u0915\u094D\u0924\u0915"), "|\u0915\u094D\u0924|\u0915");  // 9c
  EXPECT_EQ(Clusters("\U0001F476\U0001F3FF\u200D\u2764\u2764"),
            "|\U0001F476\U0001F3FF\u200D\u2764|\u2764");  // 11
  EXPECT_EQ(Clusters("a\u200D\u2764"), "|a\u200D|\u2764");
}

TEST(Graphemes, HugeClusters) {
  std::string text = "a";
  while (text.size() < 1 << 20) text += "\u0301";
  EXPECT_EQ(Graphemes::Get().ClusterEnd(text, 0), static_cast<int64_t>(text.size()));
}

}  // namespace
}  // namespace vecmill

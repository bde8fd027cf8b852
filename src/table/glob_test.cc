#include "table/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace vecmill {
namespace {

TEST(Glob, StarsStayWithinAPart) {
  EXPECT_TRUE(GlobMatches("*.csv", "a.csv"));
  EXPECT_TRUE(GlobMatches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(GlobMatches("*.csv", "a/b.csv"));
  EXPECT_FALSE(GlobMatches("a*b", "aXbY"));
  EXPECT_TRUE(GlobMatches("*/*.csv", "a/b.csv"));
}

TEST(Glob, QuestionMarkIsOneByte) {
  EXPECT_TRUE(GlobMatches("part-?.csv", "part-1.csv"));
  EXPECT_FALSE(GlobMatches("part-?.csv", "part-.csv"));
  EXPECT_FALSE(GlobMatches("part-?.csv", "part-12.csv"));
}

TEST(Glob, Sets) {
  EXPECT_TRUE(GlobMatches("[a-c]1", "b1"));
  EXPECT_FALSE(GlobMatches("[a-c]1", "d1"));
  EXPECT_TRUE(GlobMatches("[!a-c]1", "d1"));
  EXPECT_FALSE(GlobMatches("[!a-c]1", "a1"));
  EXPECT_TRUE(GlobMatches("[]]", "]"));
  EXPECT_TRUE(GlobMatches("[a-]", "-"));
  EXPECT_TRUE(GlobMatches("a[b", "a[b"));
}

TEST(Glob, TwoStarsGoThroughFolders) {
  EXPECT_TRUE(GlobMatches("**/x.csv", "x.csv"));
  EXPECT_TRUE(GlobMatches("**/x.csv", "a/b/x.csv"));
  EXPECT_TRUE(GlobMatches("a/**/c/*.csv", "a/b/b/c/x.csv"));
  EXPECT_FALSE(GlobMatches("a/**/c/*.csv", "a/b/x.csv"));
}

TEST(Glob, WildcardsLeaveHiddenNames) {
  EXPECT_FALSE(GlobMatches("*", ".a"));
  EXPECT_FALSE(GlobMatches("*", "_SUCCESS"));
  EXPECT_FALSE(GlobMatches("**/x.csv", "_temporary/x.csv"));
  EXPECT_TRUE(GlobMatches("_*", "_SUCCESS"));
  EXPECT_TRUE(GlobMatches("a_*", "a_b"));
}

// Backtracking over every star would take centuries here.
TEST(Glob, ManyStarsAreFast) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace vecmill

#include "tokenizer/raw_splitter.h"

#include <gtest/gtest.h>

#include <string>

namespace vecmill {
namespace {

TokenMatcher::Pattern Token(std::string text, int32_t id, bool lstrip, bool rstrip) {
  return {
      .text = std::move(text), .id = id, .single_word = false, .lstrip = lstrip, .rstrip = rstrip};
}

// <1> strips left, <2> right, <3> both, <4> and the space-led " <5>" neither.
TokenMatcher Tokens() {
  return TokenMatcher({Token("<1>", 1, true, false), Token("<2>", 2, false, true),
                       Token("<3>", 3, true, true), Token("<4>", 4, false, false),
                       Token(" <5>", 5, false, false)});
}

// Texts in brackets and tokens between them: "[a](1)[b]".
std::string Split(std::string_view text) {
  TokenMatcher matcher = Tokens();
  RawSplitter splitter(matcher, text);
  std::string result = "[";
  while (!splitter.done()) {
    RawSplitter::Part part = splitter.Next();
    result += part.text;
    if (part.found) result += "](" + std::to_string(part.id) + ")[";
  }
  return result + "]";
}

TEST(RawSplitter, TokensStripTheWhiteSpaceTheyAskFor) {
  EXPECT_EQ(Split("a  <1>  b"), "[a](1)[  b]");
  EXPECT_EQ(Split("a  <2>  b"), "[a  ](2)[b]");
  EXPECT_EQ(Split("a \t\n<3>\xE3\x80\x80\xC2\x85 b"), "[a](3)[b]");
  EXPECT_EQ(Split("a <4> b"), "[a ](4)[ b]");
  EXPECT_EQ(Split(" <1> <2> "), "[](1)[ ](2)[]");
  EXPECT_EQ(Split("<2>  <1>  "), "[](2)[](1)[  ]");
  EXPECT_EQ(Split("  a  "), "[  a  ]");
}

TEST(RawSplitter, StrippedSpaceMayBeginAnotherToken) {
  EXPECT_EQ(Split("a<2>  <5>b"), "[a](2)[](5)[b]");
  EXPECT_EQ(Split("a<2> x <5>b"), "[a](2)[x](5)[b]");
}

// `text` with every # replaced.
std::string Fill(std::string_view text, const std::string& with) {
  std::string filled;
  for (char c : text) filled.append(c == '#' ? with : std::string(1, c));
  return filled;
}

TEST(RawSplitter, PiecesDoNotChangeTheResult) {
  for (size_t size = 2030; size < 2060; ++size) {
    std::string word(size, 'x');
    std::string space(size, ' ');
    EXPECT_EQ(Split(Fill("#  <1>", word)), Fill("[#](1)[]", word));
    EXPECT_EQ(Split(Fill("#  <4>", word)), Fill("[#  ](4)[]", word));
    EXPECT_EQ(Split(Fill("y#<3>#z", space)), "[y](3)[z]");
    EXPECT_EQ(Split(Fill("y##", space)), Fill("[y##]", space));
    EXPECT_EQ(Split(Fill("#\xE4\xB8\xAD<4>", word)), Fill("[#\xE4\xB8\xAD](4)[]", word));
  }
}

TEST(RawSplitter, PiecesAreWholeCodePoints) {
  std::string text = "x";
  while (text.size() < 9000) text += "\xF0\x9F\x98\x80";
  TokenMatcher matcher = Tokens();
  RawSplitter splitter(matcher, text);
  size_t size = 0;
  while (!splitter.done()) {
    std::string_view piece = splitter.Next().text;
    EXPECT_FALSE(IsUtf8Continuation(piece[0]));
    EXPECT_LT(piece.size(), 3000u);
    size += piece.size();
  }
  EXPECT_EQ(size, text.size());
}

}  // namespace
}  // namespace vecmill

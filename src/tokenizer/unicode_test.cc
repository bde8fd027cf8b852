#include "tokenizer/unicode.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/utf8.h"

namespace vecmill {
namespace {

std::u32string Used(CodePoints::Sequence sequence) {
  std::u32string text;
  for (char32_t c : sequence.code_points) {
    if (c != 0) text += c;
  }
  return text;
}

TEST(Utf8, EveryCodePointSurvivesTheRoundTrip) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = "x";
    AppendUtf8(c, &text);
    DecodedCodePoint decoded = DecodeUtf8(text, 1);
    ASSERT_EQ(decoded.value, c);
    ASSERT_EQ(decoded.num_bytes, static_cast<int64_t>(text.size()) - 1);
    ASSERT_EQ(PreviousUtf8(text, static_cast<int64_t>(text.size())), 1);
    ASSERT_TRUE(IsValidUtf8(text));
  }
}

TEST(Utf8, InvalidBytesStayWithinTextAndUnicode) {
  for (int a = 0x80; a < 0x100; ++a) {
    for (int b = 0; b < 0x100; b += 3) {
      for (int64_t size = 1; size <= 4; ++size) {
        const char bytes[] = {static_cast<char>(a), static_cast<char>(b), '\xBF', '\xBF'};
        std::vector<char> exact(bytes, bytes + size);  // so that sanitizers see any read beyond it
        DecodedCodePoint c = DecodeUtf8({exact.data(), exact.size()}, 0);
        ASSERT_LE(c.value, 0x10FFFFu);
        ASSERT_GE(c.num_bytes, 1);
        ASSERT_LE(c.num_bytes, size);
      }
    }
  }
}

TEST(CodePoints, PropertiesAreThoseOfTheWheel) {
  const CodePoints& points = CodePoints::Get();
  EXPECT_EQ(points.Properties(U' '), kIsWhiteSpace);
  EXPECT_EQ(points.Properties(U'\u0085'), kIsWhiteSpace | kIsControl);
  EXPECT_EQ(points.Properties(U'$'), kIsPunctuation);
  EXPECT_EQ(points.Properties(U'\uFFFD'), kIsControl);
  EXPECT_EQ(points.Properties(U'\u4E2D'), kIsIdeograph | kIsWord | kIsLetter);
  EXPECT_EQ(points.Properties(U'\u0301'), kIsMark | kIsReordered | kIsWord | kIsCombining);
  EXPECT_EQ(points.Properties(U'\u00C9'), kDecomposes | kLowers | kIsWord | kIsLetter);
  EXPECT_EQ(points.Properties(U'\u1734') & kIsMark, kIsMark);  // not a nonspacing mark any more
  EXPECT_EQ(points.Properties(U'\U0002B820') & kIsIdeograph, 0);
  EXPECT_EQ(points.Properties(0x10FFFD), kIsControl);
  EXPECT_EQ(points.Properties(U'7'), kIsWord | kIsNumeric | kIsNumber);
  EXPECT_EQ(points.Properties(U'\u00BD'), kIsNumeric | kIsNumber);
}

TEST(CodePoints, StripsAndLowers) {
  const CodePoints& points = CodePoints::Get();
  EXPECT_EQ(Used(points.Stripped(U'\u1EA8')), U"A");
  EXPECT_EQ(Used(points.Stripped(U'\uAC01')), U"\u1100\u1161\u11A8");
  EXPECT_EQ(Used(points.Stripped(U'\uAC00')), U"\u1100\u1161");
  EXPECT_EQ(Used(points.Stripped(U'\uD7A3')), U"\u1112\u1175\u11C2");
  EXPECT_EQ(Used(points.Stripped(U'\U0001D160')), U"\U0001D158\U0001D165\U0001D16E");
  EXPECT_EQ(Used(points.Stripped(U'\U0002FA1D')), U"\U0002A600");  // the last that decomposes
  EXPECT_EQ(Used(points.Lower(U'A')), U"a");
  EXPECT_EQ(Used(points.Lower(U'\u0130')), U"i\u0307");
  EXPECT_EQ(Used(points.Lower(U'\u03A3')), U"\u03C3");
  EXPECT_EQ(Used(points.Lower(U'\U0001E921')), U"\U0001E943");
  EXPECT_EQ(points.CombiningClass(U'\u1B44'), 9);
  EXPECT_EQ(points.CombiningClass(U'\u302E'), 224);
}

}  // namespace
}  // namespace vecmill

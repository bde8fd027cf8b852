#include "tokenizer/bert_normalizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "vecmill/error.h"

namespace vecmill {
namespace {

struct Options {
  bool clean_text = true;
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents;
  bool lowercase = true;
};

BertNormalizer Make(const Options& options) {
  Json::Object object{{"type", "BertNormalizer"},
                      {"clean_text", options.clean_text},
                      {"handle_chinese_chars", options.handle_chinese_chars},
                      {"strip_accents", Json()},
                      {"lowercase", options.lowercase}};
  if (options.strip_accents) object[3].second = *options.strip_accents;
  return BertNormalizer(Json(object), "test");
}

std::string Normalize(std::string_view text, const Options& options = {}) {
  BertNormalizer normalizer = Make(options);
  BertNormalizer::State state;
  std::string normalized;
  normalizer.Append(text, &state, &normalized);
  normalizer.Finish(&state, &normalized);
  return normalized;
}

TEST(BertNormalizer, StepsFollowOneAnother) {
  EXPECT_EQ(Normalize("A\tB\x01\xC2\xA0 \xC3\x89t\xC3\xA9\xE2\x80\x8B!"), "a b  ete!");
  EXPECT_EQ(Normalize("a\xE4\xB8\xAD"
                      "b"),
            "a \xE4\xB8\xAD b");
  EXPECT_EQ(Normalize("\xEF\xA4\x80"), " \xE8\xB1\x88 ");                   // U+F900 is U+8C48
  EXPECT_EQ(Normalize("\xC4\xB0"), "i");                                    // U+0130
  EXPECT_EQ(Normalize("\xC4\xB0", {.strip_accents = false}), "i\xCC\x87");  // i U+0307
}

TEST(BertNormalizer, StripAccentsFollowsLowercaseUnlessItIsSaid) {
  EXPECT_EQ(Normalize("\xC3\x89"), "e");
  EXPECT_EQ(Normalize("\xC3\x89", {.lowercase = false}), "\xC3\x89");
  EXPECT_EQ(Normalize("\xC3\x89", {.strip_accents = true, .lowercase = false}), "E");
  EXPECT_EQ(Normalize("\xC3\x89", {.strip_accents = false}), "\xC3\xA9");
}

TEST(BertNormalizer, StepsCanBeLeftOut) {
  Options none{.clean_text = false, .handle_chinese_chars = false, .lowercase = false};
  std::string text(
      "\xEF\xBF\xBD\t\xE4\xB8\xAD \xE3\x80\x80"
      "A\0",
      13);
  EXPECT_EQ(Normalize(text, none), text);
}

// U+302E has class 224, U+1B44 class 9; neither is nonspacing.
TEST(BertNormalizer, MarksThatStayAreOrderedByClass) {
  const std::string m224 = "\xE3\x80\xAE", m9 = "\xE1\xAD\x84", accent = "\xCC\x81";
  const std::string starter_mark = "\xE0\xA5\x81";  // U+0941, nonspacing, class 0: ends a run
  EXPECT_EQ(Normalize("a" + m224 + m9 + "b"), "a" + m9 + m224 + "b");
  EXPECT_EQ(Normalize("a" + m224 + accent + m9), "a" + m9 + m224);
  EXPECT_EQ(Normalize("a" + m224 + "\x01" + m9), "a" + m9 + m224);
  EXPECT_EQ(Normalize("a" + m224 + starter_mark + m9), "a" + m224 + m9);
  EXPECT_EQ(Normalize(m224 + " " + m9), m224 + " " + m9);
  EXPECT_EQ(Normalize(m224 + m9, {.strip_accents = false}), m224 + m9);
}

TEST(BertNormalizer, LongRunsOfMarksKeepTheirLengthUpToTheBound) {
  std::string run;
  for (int i = 0; i < 3000; ++i) run += i % 2 == 0 ? "\xE3\x80\xAE" : "\xE1\xAD\x84";
  EXPECT_EQ(static_cast<int64_t>(Normalize(run).size()), 3 * BertNormalizer::kMaxOrderedMarks);
}

TEST(BertNormalizer, PiecesDoNotChangeTheResult) {
  std::ifstream lines(VECMILL_TEST_DATA "/tokenizer/multilingual.txt");
  ASSERT_TRUE(lines) << "no multilingual.txt";
  BertNormalizer normalizer = Make({});
  for (std::string line; std::getline(lines, line);) {
    BertNormalizer::State state;
    std::string normalized;
    for (int64_t pos = 0; pos < static_cast<int64_t>(line.size());) {
      int64_t num_bytes = DecodeUtf8(line, pos).num_bytes;
      normalizer.Append(line.substr(static_cast<size_t>(pos), static_cast<size_t>(num_bytes)),
                        &state, &normalized);
      pos += num_bytes;
    }
    normalizer.Finish(&state, &normalized);
    EXPECT_EQ(normalized, Normalize(line));
    EXPECT_TRUE(state.marks.empty());
  }
}

}  // namespace
}  // namespace vecmill

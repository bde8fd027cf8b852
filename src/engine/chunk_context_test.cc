#include "engine/chunk_context.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <string>

#include "tokenizer/tokenizer.h"

namespace vecmill {
namespace {

using Ranges = std::vector<TokenRange>;
using Spans = std::vector<TextSpan>;

TEST(ContextsOf, AreTheWholeTextIfItFits) {
  const Spans chunks = {{1, 3}, {4, 6}};
  const Spans whole = {{0, 7}, {0, 7}};
  EXPECT_EQ(ContextsOf(" ab cd ", chunks, [](std::string_view part) { return part.size() < 8; }),
            whole);
}

TEST(ContextsOf, AreAsManyChunksAsFit) {
  const Spans chunks = {{1, 3}, {2, 6}, {7, 9}, {10, 11}, {12, 20}, {21, 22}};
  const Spans contexts = {{1, 6}, {1, 6}, {7, 11}, {7, 11}, {12, 20}, {21, 22}};
  int num_asked = 0;
  EXPECT_EQ(ContextsOf(" abcde fg h ijklmnop q", chunks,
                       [&](std::string_view part) {
                         ++num_asked;
                         return part.size() < 6;
                       }),
            contexts);
  EXPECT_LE(num_asked, 7);
}

// Letters are tokens, [0 ... 9]: but of a doubled letter only one, and of "x" none.
std::vector<int32_t> EncodeToy(std::string_view text) {
  std::vector<int32_t> ids = {0};
  for (size_t i = 0; i < text.size(); ++i) {
    const bool doubles = i > 0 && text[i] == text[i - 1];
    if (text[i] == ' ' || text[i] == 'x') continue;
    if (doubles) {
      ids.back() += 100;
    } else {
      ids.push_back(text[i]);
    }
  }
  return ids;
}

Ranges ToyRanges(std::string_view text, const Spans& spans) {
  std::vector<int32_t> ids = EncodeToy(text);
  ids.push_back(9);
  Ranges ranges;
  for (const TextSpan span : spans) ranges.push_back(TokensOf(text, span, ids, 1, EncodeToy));
  return ranges;
}

TEST(TokensOf, HaveTheSpecialTokensAtTheEnds) {
  EXPECT_EQ(ToyRanges(" ab cde ", {{1, 3}, {4, 7}}), (Ranges{{0, 3}, {3, 7}}));
  EXPECT_EQ(ToyRanges(" ab cde ", {{1, 7}}), (Ranges{{0, 7}}));
  EXPECT_EQ(ToyRanges("abcde", {{0, 3}, {2, 4}, {3, 5}}), (Ranges{{0, 4}, {3, 5}, {4, 7}}));
  EXPECT_EQ(ToyRanges("", {{0, 0}}), (Ranges{{0, 2}}));
}

// Of a token on both sides of a boundary the span behind it has it.
TEST(TokensOf, HaveATokenThatBeginsBeforeThem) {
  EXPECT_EQ(ToyRanges("abbc", {{0, 2}, {2, 4}}), (Ranges{{0, 2}, {2, 5}}));
}

TEST(TokensOf, AreOneAtLeast) {
  EXPECT_EQ(ToyRanges("axxb", {{0, 1}, {1, 2}, {2, 3}, {3, 4}}),
            (Ranges{{0, 2}, {2, 3}, {2, 3}, {2, 4}}));
  EXPECT_EQ(ToyRanges("ab xx", {{0, 2}, {3, 4}, {4, 5}}), (Ranges{{0, 3}, {2, 3}, {2, 4}}));
  EXPECT_EQ(ToyRanges("xx ab", {{0, 1}, {1, 2}, {3, 5}}), (Ranges{{0, 2}, {1, 2}, {1, 4}}));
  EXPECT_EQ(ToyRanges("xx", {{0, 1}, {1, 2}}), (Ranges{{0, 1}, {0, 2}}));
}

// A model's tokenizer, whose every row has one special token before it and one behind.
class RealTokens {
 public:
  explicit RealTokens(const std::string& model)
      : tokenizer_(Tokenizer::Load(std::string(VECMILL_TEST_DATA) + "/models/" + model +
                                   "/tokenizer.json")) {}

  std::vector<int32_t> Ids(std::string_view text) const {
    std::vector<int32_t> ids;
    tokenizer_->Encode(text, std::numeric_limits<int64_t>::max(), &ids);
    return ids;
  }
  Ranges Of(std::string_view text, const Spans& spans) const {
    const std::vector<int32_t> ids = Ids(text);
    Ranges ranges;
    for (const TextSpan span : spans) {
      ranges.push_back(TokensOf(text, span, ids, 1, [&](std::string_view begin) {
        std::vector<int32_t> of_begin = Ids(begin);
        of_begin.pop_back();
        return of_begin;
      }));
    }
    return ranges;
  }

 private:
  const std::unique_ptr<const Tokenizer> tokenizer_;
};

// Counted by hand in the tokens of the tokenizers wheel 0.23.3, such as those of WordPiece:
// [CLS] the q ##u ##ic ##k | b ##ro ##w ##n f ##o ##x | d ##a ##ta m ##o ##de ##l , |
// c ##a ##f ##e [SEP]
TEST(TokensOf, OfRealTokenizers) {
  const std::string text = "the quick brown fox\n\ndata model, caf\xc3\xa9";
  const Spans spans = {{0, 9}, {10, 19}, {21, 32}, {33, 38}};
  EXPECT_EQ(RealTokens("tiny_bert").Of(text, spans), (Ranges{{0, 6}, {6, 13}, {13, 21}, {21, 26}}));
  EXPECT_EQ(RealTokens("tiny_roberta").Of(text, spans),
            (Ranges{{0, 9}, {9, 19}, {19, 31}, {31, 37}}));
  EXPECT_EQ(RealTokens("tiny_xlm-roberta").Of(text, spans),
            (Ranges{{0, 3}, {3, 6}, {6, 18}, {18, 23}}));
  const Spans overlapping = {{0, 15}, {10, 38}};
  EXPECT_EQ(RealTokens("tiny_bert").Of(text, overlapping), (Ranges{{0, 10}, {6, 26}}));
}

// The last word is unknown to WordPiece as a whole, and cut in two.
TEST(TokensOf, OfAWordThatIsOneToken) {
  const Spans spans = {{0, 3}, {3, 6}, {7, 10}, {10, 13}};
  EXPECT_EQ(RealTokens("tiny_bert").Of("\xe6\xbc\xa2\xe5\xad\x97 \xe3\x81\x82the", spans),
            (Ranges{{0, 2}, {2, 3}, {3, 4}, {3, 5}}));
}

// Whatever the spans, those that leave out white space alone have every token.
TEST(TokensOf, CoverTheTokens) {
  const char* const words[] = {"the",          " ",   "quick", "\n\n", "x",    "caf\xc3\xa9",
                               "\xe6\xbc\xa2", "\t ", ", ",    "12",   "data", "!"};
  std::mt19937 random(11);
  for (const char* model : {"tiny_bert", "tiny_roberta", "tiny_xlm-roberta"}) {
    const RealTokens tokens(model);
    for (int i = 0; i < 300; ++i) {
      std::string text;
      Spans spans;
      for (int left = 12; left > 0; --left) {
        const auto begin = static_cast<int64_t>(text.size());
        const std::string word = words[random() % std::size(words)];
        text += word;
        const bool is_space = word.find_first_not_of(" \t\n") == std::string::npos;
        if (!is_space) spans.push_back({begin, static_cast<int64_t>(text.size())});
      }
      if (spans.empty()) spans.push_back({0, static_cast<int64_t>(text.size())});
      const Ranges ranges = tokens.Of(text, spans);
      int64_t end = 0;
      for (const TokenRange& range : ranges) {
        EXPECT_GE(range.size(), 1);
        EXPECT_LE(range.begin, end) << model << ": " << text;
        end = std::max(end, range.end);
      }
      EXPECT_EQ(end, static_cast<int64_t>(tokens.Ids(text).size())) << model << ": " << text;
    }
  }
}

}  // namespace
}  // namespace vecmill

#include "tokenizer/chunk_cutter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/utf8.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

namespace vecmill {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n'; }

// A token for each character; white space has none.
int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += !IsSpace(c) && !IsUtf8Continuation(c);
  return count;
}

// A token for each word, however long.
int64_t CountWords(std::string_view text) {
  int64_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    count += !IsSpace(text[i]) && (i == 0 || IsSpace(text[i - 1]));
  }
  return count;
}

int64_t CountBytes(std::string_view text) { return static_cast<int64_t>(text.size()); }

ChunkRule Rule(int64_t max_tokens, int64_t overlap_tokens, int64_t (*count)(std::string_view)) {
  return {.max_tokens = max_tokens,
          .overlap_tokens = overlap_tokens,
          .count_piece = count,
          .count_chunk = count};
}

std::vector<std::string> Texts(std::string_view text, const ChunkRule& rule) {
  std::vector<std::string> texts;
  for (const TextSpan& span : CutIntoChunks(text, rule)) {
    texts.emplace_back(
        text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin)));
  }
  return texts;
}

using Strings = std::vector<std::string>;

TEST(CutIntoChunks, LeavesATextThatFitsAsItIs) {
  const std::string text = " one two ";
  EXPECT_EQ(CutIntoChunks(text, Rule(2, 1, CountWords)), (std::vector<TextSpan>{{0, 9}}));
  EXPECT_EQ(CutIntoChunks("", Rule(2, 1, CountWords)), (std::vector<TextSpan>{{0, 0}}));
}

TEST(CutIntoChunks, CutsBetweenWordsAndLeavesOutTheWhiteSpaceThere) {
  EXPECT_EQ(Texts("  a b  c\nd e ", Rule(2, 0, CountWords)), (Strings{"a b", "c\nd", "e"}));
  EXPECT_EQ(Texts("abc de fgh", Rule(5, 0, CountCharacters)), (Strings{"abc de", "fgh"}));
}

TEST(CutIntoChunks, OverlapsByWholeWords) {
  EXPECT_EQ(Texts("a b c d e", Rule(3, 1, CountWords)), (Strings{"a b c", "c d e"}));
  EXPECT_EQ(Texts("a b c d e", Rule(3, 2, CountWords)), (Strings{"a b c", "b c d", "c d e"}));
  // The last word is longer than the overlap.
  EXPECT_EQ(Texts("a bcd efgh", Rule(4, 2, CountCharacters)), (Strings{"a bcd", "efgh"}));
  // With its overlap the next word would not fit.
  EXPECT_EQ(Texts("ab c defg h", Rule(4, 1, CountCharacters)), (Strings{"ab c", "defg", "h"}));
}

TEST(CutIntoChunks, CutsAWordLongerThanAChunkInside) {
  EXPECT_EQ(Texts("ab cdefghijk lm", Rule(4, 0, CountCharacters)),
            (Strings{"ab cd", "efgh", "ijk", "lm"}));
}

TEST(CutIntoChunks, TakesAnyCharacterOfAScriptWithoutSpacesForAWord) {
  // Two Han, two Hiragana, two Thai.
  const std::string text =
      "\xE6\xBC\xA2\xE5\xAD\x97\xE3\x81\x82\xE3\x81\x84\xE0\xB8\x81\xE0\xB8\x82";
  EXPECT_EQ(Texts(text, Rule(4, 0, CountCharacters)),
            (Strings{text.substr(0, 12), text.substr(12)}));
  EXPECT_EQ(Texts("ab" + text, Rule(3, 0, CountCharacters)),
            (Strings{"ab" + text.substr(0, 3), text.substr(3, 9), text.substr(12)}));
}

TEST(CutIntoChunks, KeepsGraphemeClustersWhole) {
  const std::string family = "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7";  // two joined emoji
  const std::string accented = "e\xCC\x81";
  EXPECT_EQ(Texts(family + family + family, Rule(7, 0, CountCharacters)),
            (Strings{family + family, family}));
  EXPECT_EQ(Texts(accented + accented, Rule(3, 0, CountCharacters)), (Strings{accented, accented}));
  // One that has more tokens than a chunk is cut between code points.
  EXPECT_EQ(Texts(family, Rule(2, 0, CountCharacters)),
            (Strings{family.substr(0, 7), family.substr(7)}));
}

TEST(CutIntoChunks, NeverCutsACodePoint) {
  const std::string text = "\xF0\x9F\x91\xA9\xF0\x9F\x91\xA7";
  EXPECT_EQ(Texts(text, Rule(1, 0, CountBytes)), (Strings{text.substr(0, 4), text.substr(4)}));
}

TEST(CutIntoChunks, TakesOneTokenAChunk) {
  EXPECT_EQ(Texts("a bc", Rule(1, 0, CountCharacters)), (Strings{"a", "b", "c"}));
}

TEST(CutIntoChunks, GivesWhiteSpaceThatDoesNotFitAnEmptyChunk) {
  EXPECT_EQ(CutIntoChunks(std::string(100, ' '), Rule(9, 0, CountBytes)),
            (std::vector<TextSpan>{{0, 0}}));
}

TEST(CutIntoChunks, EndsAChunkAtVeryLongWhiteSpace) {
  const std::string gap(5000, ' ');
  EXPECT_EQ(Texts("a b" + gap + "c d", Rule(4, 1, CountWords)), (Strings{"a b" + gap + "c d"}));
  EXPECT_EQ(Texts("a b" + gap + "c d e", Rule(4, 1, CountWords)), (Strings{"a b", "c d e"}));
}

// Words have a token for each pair of characters: counted alone, each character has one.
TEST(CutIntoChunks, FillsChunksWhereCharactersShareTokens) {
  const auto pairs = [](std::string_view text) { return (CountBytes(text) + 1) / 2; };
  const ChunkRule rule = {
      .max_tokens = 100, .overlap_tokens = 0, .count_piece = pairs, .count_chunk = pairs};
  const std::vector<TextSpan> chunks = CutIntoChunks(std::string(10000, 'x'), rule);
  EXPECT_LE(chunks.size(), 55);
  for (const TextSpan& chunk : chunks) EXPECT_LE(chunk.end - chunk.begin, 200);
}

// The next word may need a token more than it does alone.
TEST(CutIntoChunks, ShrinksWhereWordsTogetherHaveMoreTokens) {
  const ChunkRule rule = {
      .max_tokens = 100,
      .overlap_tokens = 10,
      .count_piece = CountWords,
      .count_chunk = [](std::string_view text) { return 2 * CountWords(text); }};
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "w ";
  for (const std::string& chunk : Texts(text, rule)) {
    EXPECT_LE(CountWords(chunk), 50);
    EXPECT_GE(CountWords(chunk), 20);
  }
}

// Whatever the text and the tokenizer: chunks fit, grow, and leave out white space alone.
class RealTokenizer : public testing::TestWithParam<const char*> {
 protected:
  const std::unique_ptr<const Tokenizer> tokenizer_ =
      Tokenizer::Load(std::string(VECMILL_TEST_DATA) + "/models/" + GetParam() + "/tokenizer.json");

  int64_t Count(std::string_view text) const {
    std::vector<int32_t> ids;
    tokenizer_->Encode(ReplaceInvalidUtf8(text), 1 << 30, &ids);
    return static_cast<int64_t>(ids.size());
  }
};

std::string RandomText(std::mt19937& random) {
  const char* const pieces[] = {"the ",
                                "quick",
                                "brown fox ",
                                "\n\n",
                                "caf\xC3\xA9 ",
                                "e\xCC\x81",
                                "\xE6\xBC\xA2",
                                "\xE3\x81\x82",
                                "\xF0\x9F\x91\xA9\xE2\x80\x8D",
                                "\xF0\x9F\x91\xA7 ",
                                "\xE2\x82",
                                "\xFF",
                                "12345",
                                ", ",
                                "     ",
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  std::string text;
  for (uint64_t left = random() % 400; left > 0; --left)
    text += pieces[random() % std::size(pieces)];
  return text;
}

TEST_P(RealTokenizer, GivesChunksThatFitAndLeaveOutWhiteSpaceAlone) {
  const int64_t num_special = Count("");
  const auto count = [&](std::string_view text) { return Count(text) - num_special; };
  std::mt19937 random(5);
  int64_t num_chunks = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = RandomText(random);
    const int64_t max_tokens = 8 + static_cast<int64_t>(random() % 40);
    const ChunkRule rule = {.max_tokens = max_tokens,
                            .overlap_tokens = static_cast<int64_t>(random()) % max_tokens,
                            .count_piece = count,
                            .count_chunk = count};
    const std::vector<TextSpan> chunks = CutIntoChunks(text, rule);
    num_chunks += static_cast<int64_t>(chunks.size());
    int64_t covered = 0;
    TextSpan before = {-1, -1};
    for (const TextSpan& chunk : chunks) {
      const std::string_view inside = std::string_view(text).substr(
          static_cast<size_t>(chunk.begin), static_cast<size_t>(chunk.end - chunk.begin));
      EXPECT_LE(count(inside), max_tokens);
      EXPECT_EQ(IsValidUtf8(text) && !IsValidUtf8(inside), false);
      EXPECT_GT(chunk.begin, before.begin);
      EXPECT_GT(chunk.end, before.end);
      for (; covered < chunk.begin; ++covered) {
        EXPECT_TRUE(IsSpace(text[static_cast<size_t>(covered)]));
      }
      covered = std::max(covered, chunk.end);
      before = chunk;
    }
    for (; covered < static_cast<int64_t>(text.size()); ++covered) {
      EXPECT_TRUE(IsSpace(text[static_cast<size_t>(covered)]));
    }
  }
  EXPECT_GT(num_chunks, 3000);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RealTokenizer,
                         testing::Values("tiny_bert", "tiny_roberta", "tiny_xlm-roberta"));

}  // namespace
}  // namespace vecmill

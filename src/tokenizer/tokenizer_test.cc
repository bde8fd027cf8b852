#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>

#include "base/json.h"
#include "tokenizer/tokenizer_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

using Ids = std::vector<int32_t>;

constexpr int64_t kUnlimited = int64_t{1} << 40;

Ids Encode(const Tokenizer& tokenizer, std::string_view text, int64_t max_tokens = kUnlimited) {
  Ids ids;
  EXPECT_FALSE(tokenizer.Encode(text, max_tokens, &ids)) << text.substr(0, 100);
  return ids;
}

Ids EncodeTiny(std::string_view text) {
  static const std::unique_ptr<const Tokenizer> tokenizer = LoadText(kTinyTokenizer);
  return Encode(*tokenizer, text);
}

TEST(Tokenizer, CutsWordsIntoTheLongestPieces) {
  EXPECT_EQ(EncodeTiny(""), (Ids{1, 2}));
  EXPECT_EQ(EncodeTiny("a b."), (Ids{1, 3, 5, 7, 2}));
  EXPECT_EQ(EncodeTiny("aabca\tBBC"), (Ids{1, 3, 4, 6, 4, 5, 6, 2}));
  EXPECT_EQ(EncodeTiny("ab \xC3\xA1"), (Ids{1, 0, 3, 2}));  // ##b is not a token
  EXPECT_EQ(EncodeTiny(std::string(100, 'a')).size(), 102u);
  EXPECT_EQ(EncodeTiny(std::string(101, 'a')), (Ids{1, 0, 2}));
}

TEST(Tokenizer, FindsAddedTokensBeforeWords) {
  EXPECT_EQ(EncodeTiny("a[SEP]b [mask]"), (Ids{1, 3, 2, 5, 0, 0, 0, 2}));
  EXPECT_EQ(EncodeTiny("a  [MASK]a"), (Ids{1, 3, 8, 3, 2}));
  EXPECT_EQ(EncodeTiny("new B"), (Ids{1, 9, 2}));
  EXPECT_EQ(EncodeTiny("anew\xC3\xA9 bnew bb"), (Ids{1, 0, 5, 9, 5, 2}));
}

TEST(Tokenizer, AppendsToIds) {
  Ids ids{42};
  LoadText(kTinyTokenizer)->Encode("a", 8, &ids);
  EXPECT_EQ(ids, (Ids{42, 1, 3, 2}));
}

TEST(Tokenizer, MaxTokensMustHoldTheSpecialTokens) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(kTinyTokenizer);
  Ids ids;
  try {
    tokenizer->Encode("a", 1, &ids);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(e.what(),
                 "tokenizer: max_tokens is 1, but the 2 special tokens of every row must fit");
  }
  EXPECT_TRUE(ids.empty());
}

TEST(Tokenizer, VocabSizeCountsAddedTokens) {
  EXPECT_EQ(LoadText(kTinyTokenizer)->vocab_size(), 10);
}

// The ids of the wheel: tests/data/tokenizer/MANIFEST.md.
TEST(Tokenizer, IdsAreThoseOfTheGoldens) {
  const std::string file = ReadData("tokenizer.json");
  std::map<std::string, std::unique_ptr<const Tokenizer>> tokenizers;
  int64_t num_goldens = 0;
  for (const std::string& line : Lines(ReadData("goldens.jsonl"))) {
    Json golden = ParseJson(line, "goldens.jsonl");
    std::string options = golden.Find("normalizer")->Dump();
    std::unique_ptr<const Tokenizer>& tokenizer = tokenizers[options];
    if (tokenizer == nullptr) {
      size_t begin = file.find("\"normalizer\": {") + 14;
      size_t end = file.find('}', begin) + 1;
      std::string changed = file;
      options.insert(1, R"("type": "BertNormalizer",)");
      tokenizer = LoadText(changed.replace(begin, end - begin, options));
    }
    Ids expected;
    for (const Json& id : golden.GetArray("ids", "golden")) {
      expected.push_back(static_cast<int32_t>(id.integer()));
    }
    Ids ids;
    bool cut = tokenizer->Encode(golden.GetString("text", "golden"),
                                 golden.GetInt("max_tokens", "golden"), &ids);
    EXPECT_EQ(ids, expected) << line;
    EXPECT_EQ(cut, golden.GetBool("cut", "golden")) << line;
    ++num_goldens;
  }
  EXPECT_GT(num_goldens, 500);
  EXPECT_EQ(tokenizers.size(), 4u);
}

TEST(Tokenizer, EveryLimitCutsTheSameIds) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(ReadData("tokenizer.json"));
  for (const std::string& line : Lines(ReadData("multilingual.txt"))) {
    for (const char* end : {"", "  \t\n", " \xE2\x80\x8B ", "[SEP]", "\xCC\x81"}) {
      std::string text = line + end;
      Ids all = Encode(*tokenizer, text);
      for (size_t limit = 2; limit < all.size() + 3; ++limit) {
        Ids ids;
        bool cut = tokenizer->Encode(text, static_cast<int64_t>(limit), &ids);
        EXPECT_EQ(cut, limit < all.size()) << text;
        Ids expected(all.begin(), all.end() - 1);
        expected.resize(std::min(expected.size(), limit - 1));
        expected.push_back(all.back());
        EXPECT_EQ(ids, expected) << text;
      }
    }
  }
}

TEST(Tokenizer, PlaceInALongTextDoesNotMatter) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(ReadData("tokenizer.json"));
  for (const std::string& line : Lines(ReadData("multilingual.txt"))) {
    Ids expected = Encode(*tokenizer, line);
    for (size_t size = 1900; size < 2060; ++size) {
      Ids ids = Encode(*tokenizer, std::string(size, '\x01') + line);
      ASSERT_EQ(ids, expected) << size << line;
    }
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(ReadData("tokenizer.json"));
  std::vector<std::string> lines = Lines(ReadData("multilingual.txt"));
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (Ids& ids : results) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        for (const std::string& line : lines) tokenizer->Encode(line, 64, &ids);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(results[0].size(), 10000u);
  for (const Ids& ids : results) EXPECT_EQ(ids, results[0]);
}

TEST(Tokenizer, BytesThatAreNotUtf8StayWithinTheText) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(ReadData("tokenizer.json"));
  for (int a = 0x80; a < 0x100; ++a) {
    for (int b = 0x70; b < 0x100; b += 5) {
      std::vector<char> exact{'x', static_cast<char>(a), static_cast<char>(b)};
      Ids ids;
      tokenizer->Encode({exact.data(), exact.size()}, 64, &ids);
      for (int32_t id : ids) ASSERT_LT(id, tokenizer->vocab_size());
    }
  }
}

TEST(Tokenizer, OnlyTheStartOfAHugeTextIsRead) {
  std::unique_ptr<const Tokenizer> tokenizer = LoadText(ReadData("tokenizer.json"));
  HalfReadableText text;
  for (const char* pattern :
       {"the quick brown fox, ", "[SEP]", "\xE4\xB8\xAD\xE6\x96\x87", ".", "a\xCC\x81 <m> "}) {
    text.Fill(pattern);
    for (int64_t max_tokens : {2, 3, 128, 512}) {
      Ids ids, expected;
      EXPECT_TRUE(tokenizer->Encode(text.all(), max_tokens, &ids));
      EXPECT_TRUE(tokenizer->Encode(text.readable(), max_tokens, &expected));
      EXPECT_EQ(ids, expected);
      EXPECT_EQ(static_cast<int64_t>(ids.size()), max_tokens);
    }
  }
}

// Texts that never come to a second id are read to the end: once, and without being kept.
TEST(Tokenizer, HugeWordsGapsAndMarksAreOneIdOrNone) {
  constexpr size_t kRepeats = 2 << 20;
  auto repeat = [](std::string_view unit) {
    std::string text;
    for (size_t i = 0; i < kRepeats; ++i) text += unit;
    return text;
  };
  for (const char* unit : {"a", "\xC3\xA9", "\xE3\x80\xAE", "\xE3\x80\xAE\xE1\xAD\x84"}) {
    EXPECT_EQ(EncodeTiny(repeat(unit)), (Ids{1, 0, 2}));
  }
  for (const char* unit : {" ", "\n", "\x01", "\xE2\x80\x8B", "\xCC\x81", "\xE3\x80\x80"}) {
    std::string text = repeat(unit);
    EXPECT_EQ(EncodeTiny(text), (Ids{1, 2}));
    EXPECT_EQ(EncodeTiny(text + "."), (Ids{1, 7, 2}));
  }
}

}  // namespace
}  // namespace vecmill

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

using Ids = std::vector<int32_t>;

constexpr int64_t kUnlimited = int64_t{1} << 40;

const std::vector<std::string> kFamilies = {"roberta", "modern_bert", "xlm_roberta", "albert"};

Ids Encode(const Tokenizer& tokenizer, std::string_view text, int64_t max_tokens = kUnlimited) {
  Ids ids;
  EXPECT_FALSE(tokenizer.Encode(text, max_tokens, &ids)) << text.substr(0, 100);
  return ids;
}

std::unique_ptr<const Tokenizer> LoadFamily(const std::string& name) {
  return Tokenizer::Load(DataPath("families/" + name + ".json"));
}

// The ids of the wheel: tests/data/tokenizer/MANIFEST.md.
TEST(StagedTokenizer, IdsAreThoseOfTheGoldens) {
  std::map<std::string, std::unique_ptr<const Tokenizer>> tokenizers;
  for (const std::string& name : kFamilies) tokenizers[name] = LoadFamily(name);
  int64_t num_goldens = 0;
  for (const std::string& line : Lines(ReadData("families/goldens.jsonl"))) {
    Json golden = ParseJson(line, "goldens.jsonl");
    Ids expected;
    for (const Json& id : golden.GetArray("ids", "golden")) {
      expected.push_back(static_cast<int32_t>(id.integer()));
    }
    Ids ids;
    bool cut = tokenizers.at(golden.GetString("file", "golden"))
                   ->Encode(golden.GetString("text", "golden"),
                            golden.GetInt("max_tokens", "golden"), &ids);
    EXPECT_EQ(ids, expected) << line;
    EXPECT_EQ(cut, golden.GetBool("cut", "golden")) << line;
    ++num_goldens;
  }
  EXPECT_GT(num_goldens, 500);
}

TEST(StagedTokenizer, EveryLimitCutsTheSameIds) {
  for (const std::string& name : kFamilies) {
    std::unique_ptr<const Tokenizer> tokenizer = LoadFamily(name);
    for (const std::string& line : Lines(ReadData("multilingual.txt"))) {
      Ids all = Encode(*tokenizer, line);
      for (size_t limit = 2; limit < all.size() + 3; limit += 3) {
        Ids ids;
        bool cut = tokenizer->Encode(line, static_cast<int64_t>(limit), &ids);
        EXPECT_EQ(cut, limit < all.size());
        Ids expected(all.begin(), all.end() - 1);
        expected.resize(std::min(expected.size(), limit - 1));
        expected.push_back(all.back());
        EXPECT_EQ(ids, expected) << line;
      }
    }
  }
}

// A token that may lie across any cut place, so that texts go as a whole.
std::unique_ptr<const Tokenizer> WithoutCuts(const std::string& name) {
  std::string token = R"(, {"id": )" + std::to_string(LoadFamily(name)->vocab_size()) +
                      R"(, "content": "q q", "single_word": false, "lstrip": false, )"
                      R"("rstrip": false, "normalized": true, "special": false}], "normalizer")";
  return LoadText(Replaced(ReadData("families/" + name + ".json"), R"(], "normalizer")", token));
}

TEST(StagedTokenizer, ChunksHaveTheIdsOfTheText) {
  for (const std::string& name : kFamilies) {
    std::unique_ptr<const Tokenizer> tokenizer = LoadFamily(name);
    std::unique_ptr<const Tokenizer> whole = WithoutCuts(name);
    EXPECT_EQ(whole->vocab_size(), tokenizer->vocab_size() + 1);
    std::string all;
    for (const std::string& line : Lines(ReadData("multilingual.txt"))) {
      std::string text;
      while (text.size() < 5000) text += line + " <mask> " + line + "  ";
      EXPECT_EQ(Encode(*tokenizer, text), Encode(*whole, text)) << name << line;
      all += line + " ";
    }
    for (size_t begin = 0; begin < 100; ++begin) {
      std::string text = std::string(begin, 'x') + all;
      EXPECT_EQ(Encode(*tokenizer, text), Encode(*whole, text)) << name << begin;
    }
  }
}

TEST(StagedTokenizer, OnlyTheStartOfAHugeTextIsRead) {
  HalfReadableText text;
  for (const std::string& name : kFamilies) {
    std::unique_ptr<const Tokenizer> tokenizer = LoadFamily(name);
    text.Fill("The quick brown fox, ");
    Ids ids, expected;
    EXPECT_TRUE(tokenizer->Encode(text.all(), 128, &ids)) << name;
    EXPECT_TRUE(tokenizer->Encode(text.readable(), 128, &expected));
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(ids.size(), 128u);
  }
}

TEST(StagedTokenizer, HugeWordsTakeLinearTime) {
  for (const std::string& name : kFamilies) {
    std::unique_ptr<const Tokenizer> tokenizer = LoadFamily(name);
    for (const char* unit : {"ab", "\u4E2D", "\u0301", "\t"}) {
      std::string text;
      while (text.size() < 1 << 20) text += unit;
      Ids ids;
      EXPECT_FALSE(tokenizer->Encode(text, kUnlimited, &ids));
      ids.clear();
      tokenizer->Encode(text, 128, &ids);
      EXPECT_LE(ids.size(), 128u);
    }
  }
}

TEST(StagedTokenizer, BytesThatAreNotUtf8StayWithinTheText) {
  for (const std::string& name : kFamilies) {
    std::unique_ptr<const Tokenizer> tokenizer = LoadFamily(name);
    for (int a = 0x80; a < 0x100; ++a) {
      for (int b = 0x70; b < 0x100; b += 5) {
        std::vector<char> exact{'x', static_cast<char>(a), static_cast<char>(b)};
        Ids ids;
        tokenizer->Encode({exact.data(), exact.size()}, 64, &ids);
        for (int32_t id : ids) ASSERT_LT(id, tokenizer->vocab_size());
      }
    }
  }
}

TEST(StagedTokenizer, EveryTruncatedFileIsAnError) {
  for (const char* name : {"roberta", "xlm_roberta"}) {
    const std::string content = ReadData("families/" + std::string(name) + ".json");
    for (size_t size = 0; size + 2 < content.size(); size += 97) {
      EXPECT_THROW(LoadText(content.substr(0, size)), Error) << size;
    }
  }
}

// Whatever one byte becomes, loading ends with a tokenizer that keeps its bounds or with an Error
// that is not a bug of ours.
TEST(StagedTokenizer, FlippedBytesLoadOrAreAnError) {
  for (const std::string& name : kFamilies) {
    const std::string content = ReadData("families/" + name + ".json");
    for (size_t i = 7; i < content.size(); i += content.size() / 150) {
      std::string changed = content;
      changed[i] = static_cast<char>(changed[i] ^ (i % 2 == 0 ? 1 : 4));
      try {
        std::unique_ptr<const Tokenizer> tokenizer = LoadText(changed);
        Ids ids;
        tokenizer->Encode("The caf\u00E9, 12 \u4E2D\u6587 \uFB01 <mask>", 512, &ids);
        for (int32_t id : ids) ASSERT_TRUE(id >= 0 && id < tokenizer->vocab_size());
      } catch (const Error& e) {
        ASSERT_NE(e.code(), ErrorCode::kInternal) << e.what();
      }
    }
  }
}

TEST(StagedTokenizer, PrependFirstNeedsToKnowTheStart) {
  std::string file = ReadData("families/xlm_roberta.json");
  file = Replaced(file, R"("prepend_scheme": "always")", R"("prepend_scheme": "first")");
  try {
    LoadText(file);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(e.what()).find("prepend_scheme \"first\""), std::string::npos);
  }
}

}  // namespace
}  // namespace vecmill

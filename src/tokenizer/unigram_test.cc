#include "tokenizer/unigram.h"

#include <gtest/gtest.h>

#include <random>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Ids = std::vector<int32_t>;

Ids Encode(const Unigram& unigram, std::string_view word, int64_t limit = int64_t{1} << 40) {
  Ids ids;
  IdSink sink(limit, &ids);
  unigram.Encode(word, &sink);
  return ids;
}

Unigram Make(const std::string& members) {
  return Unigram(ParseJson("{" + members + "}", "test"), "FILE");
}

std::string Complaint(const std::string& members) {
  try {
    Make(members);
    return "loaded";
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ErrorCode::kInternal);
    return e.what();
  }
}

TEST(Unigram, HighestSumWins) {
  Unigram unigram = Make(
      R"("unk_id": 0, "vocab": [["?", 0], ["a", -1], ["b", -1], ["ab", -1.5], ["abc", -5.0], ["c", -1], ["bc", -9]])");
  EXPECT_EQ(Encode(unigram, "abc"), (Ids{3, 5}));
  EXPECT_EQ(Encode(unigram, "bca"), (Ids{2, 5, 1}));
}

TEST(Unigram, FirstOfEqualWaysWins) {
  Unigram unigram = Make(R"("unk_id": 0, "vocab": [["?", 0], ["e", -3], ["ee", -4]])");
  EXPECT_EQ(Encode(unigram, "eee"), (Ids{1, 2}));
}

TEST(Unigram, UnknownCharactersAreOneTogether) {
  Unigram unigram = Make(R"("unk_id": 1, "vocab": [["a", -1], ["?", 0], ["xyz", -90]])");
  EXPECT_EQ(Encode(unigram, "x\u00E9ay?z"), (Ids{1, 0, 1}));
  EXPECT_EQ(Encode(unigram, "axyza"), (Ids{0, 2, 0}));  // three unknown ones that are a token
}

TEST(Unigram, BytesForUnknownCharacters) {
  const std::string file =
      R"("unk_id": 0, "vocab": [["?", 0], ["<0xC3>", -1], ["<0xA9>", -1]], "byte_fallback": true)";
  EXPECT_EQ(Encode(Make(file), "\u00E9\u00E9"), (Ids{1, 2, 1, 2}));
  EXPECT_EQ(Encode(Make(file), "\u00E9\u00E8"), (Ids{0}));
}

TEST(Unigram, LastOfTokensOfOneTextCounts) {
  EXPECT_EQ(Encode(Make(R"("unk_id": 0, "vocab": [["?", 0], ["a", -1], ["a", -2]])"), "a"),
            (Ids{2}));
}

// Every way to cut a word, tried one by one.
double BestScore(std::string_view word, const std::vector<std::pair<std::string, double>>& tokens) {
  if (word.empty()) return 0;
  double best = -1e9;
  for (const auto& [text, score] : tokens) {
    if (word.starts_with(text)) {
      best = std::max(best, score + BestScore(word.substr(text.size()), tokens));
    }
  }
  return best;
}

TEST(Unigram, RandomWordsHaveTheBestScore) {
  const std::vector<std::pair<std::string, double>> tokens = {
      {"?", -100}, {"a", -2},   {"b", -2.5}, {"c", -3},  {"aa", -3.5},  {"ab", -4.25},
      {"ca", -1},  {"bca", -6}, {"abc", -7}, {"cc", -8}, {"aabb", -7.5}};
  std::string vocab;
  for (const auto& [text, score] : tokens) {
    vocab += ",[\"" + text + "\"," + std::to_string(score) + "]";
  }
  Unigram unigram = Make(R"("unk_id": 0, "vocab": [)" + vocab.substr(1) + "]");
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    std::string word;
    for (size_t k = random() % 10 + 1; k > 0; --k) word += static_cast<char>('a' + random() % 3);
    double score = 0;
    for (int32_t id : Encode(unigram, word)) score += tokens[static_cast<size_t>(id)].second;
    EXPECT_DOUBLE_EQ(score, BestScore(word, tokens)) << word;
  }
}

TEST(Unigram, HugeWords) {
  Unigram unigram = Make(R"("unk_id": 0, "vocab": [["?", -9], ["a", -2], ["aa", -1], ["b", -1]])");
  EXPECT_EQ(Encode(unigram, std::string(1 << 20, 'a')), Ids(1 << 19, 2));
  EXPECT_EQ(Encode(unigram, std::string(1 << 20, 'x')), (Ids{0}));
  EXPECT_EQ(Encode(unigram, std::string(1 << 20, 'b'), 3), (Ids{3, 3, 3}));
}

TEST(Unigram, NamesWhatIsWrong) {
  EXPECT_EQ(Complaint(R"("unk_id": 0, "vocab": [])"),
            "FILE: vocab: found 0 tokens, expected 1 to 16777216");
  EXPECT_EQ(Complaint(R"("unk_id": 0, "vocab": {"a": 1})"),
            "FILE: vocab: expected an array, found an object of 1");
  EXPECT_EQ(Complaint(R"("unk_id": 0, "vocab": [["a", null]])"),
            "FILE: vocab[0]: expected [token, score], found an array of 2");
  EXPECT_EQ(Complaint(R"("unk_id": 0, "vocab": [["a", -1, 2]])"),
            "FILE: vocab[0]: expected [token, score], found an array of 3");
  EXPECT_EQ(Complaint(R"("unk_id": 1, "vocab": [["a", -1]])"),
            "FILE: unk_id: expected an id from 0 to 0, found 1");
  EXPECT_EQ(Complaint(R"("unk_id": null, "vocab": [["a", -1]])"),
            "FILE: unk_id: null is not supported, only the id of a token");
  EXPECT_EQ(
      Complaint(R"("unk_id": 0, "vocab": [[")" + std::string(1025, 'a') + R"(", -1]])"),
      "FILE: vocab[0]: found 1025 bytes, in all 1025, expected at most 1024, in all 33554432");
  EXPECT_NE(Complaint(R"("unk_id": 0, "vocab": [["a", 1e999]])"), "loaded");
}

TEST(Unigram, ExtremeScoresDoNoHarm) {
  Unigram unigram = Make(
      R"("unk_id": 0, "vocab": [["?", 0], ["a", 1e308], ["b", -1e308], ["aa", 1.7e308], ["ab", 5e-324]])");
  EXPECT_FALSE(Encode(unigram, std::string(100, 'a') + std::string(100, 'b') + "abab").empty());
}

}  // namespace
}  // namespace vecmill

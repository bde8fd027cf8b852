#include "tokenizer/bpe.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Ids = std::vector<int32_t>;

Ids Encode(const Bpe& bpe, std::string_view word) {
  Ids ids;
  IdSink sink(int64_t{1} << 40, &ids);
  bpe.Encode(word, &sink);
  return ids;
}

Bpe Make(const std::string& members) { return Bpe(ParseJson("{" + members + "}", "test"), "FILE"); }

std::string Complaint(const std::string& members) {
  try {
    Make(members);
    return "loaded";
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ErrorCode::kInternal);
    return e.what();
  }
}

constexpr const char* kVocab =
    R"("vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "aa": 6, "?": 7})";

TEST(Bpe, LowestRankMergesFirstAndOfThoseTheLeftmost) {
  Bpe bpe = Make(std::string(kVocab) + R"(, "merges": ["b c", "a b", "a a", "a bc"])");
  EXPECT_EQ(Encode(bpe, "abc"), (Ids{5}));
  EXPECT_EQ(Encode(bpe, "abab"), (Ids{3, 3}));
  EXPECT_EQ(Encode(bpe, "aaa"), (Ids{6, 0}));
  EXPECT_EQ(Encode(bpe, "aaab"), (Ids{6, 3}));
  EXPECT_EQ(Encode(bpe, "axb"), (Ids{3}));  // what is not in the vocabulary is nothing
}

TEST(Bpe, WordsThatAreTokensStillFollowTheirMerges) {
  const std::string merges = R"(, "merges": [["a", "b"]])";
  EXPECT_EQ(Encode(Make(kVocab + merges), "abc"), (Ids{3, 2}));
  EXPECT_EQ(Encode(Make(kVocab + merges + R"(, "ignore_merges": true)"), "abc"), (Ids{5}));
}

TEST(Bpe, UnknownCharacters) {
  const std::string file = std::string(kVocab) + R"(, "merges": [], "unk_token": "?")";
  EXPECT_EQ(Encode(Make(file), "axyb"), (Ids{0, 7, 7, 1}));
  EXPECT_EQ(Encode(Make(file + R"(, "fuse_unk": true)"), "axyb\u00E9"), (Ids{0, 7, 1, 7}));
}

TEST(Bpe, BytesForUnknownCharacters) {
  const std::string file =
      R"("vocab": {"a": 0, "<0xC3>": 1, "<0xA9>": 2, "?": 3}, "merges": [], "byte_fallback": true)";
  EXPECT_EQ(Encode(Make(file), "a\u00E9\u00E8"), (Ids{0, 1, 2}));
  EXPECT_EQ(Encode(Make(file + R"(, "unk_token": "?")"), "\u00E8\u00E9a"), (Ids{1, 2, 3, 0}));
}

TEST(Bpe, Affixes) {
  Bpe suffix = Make(
      R"("vocab": {"a": 0, "b</w>": 1, "ab</w>": 2, "a</w>": 3}, "merges": ["a b</w>"], "end_of_word_suffix": "</w>")");
  EXPECT_EQ(Encode(suffix, "aab"), (Ids{0, 2}));
  EXPECT_EQ(Encode(suffix, "a"), (Ids{3}));
  Bpe prefix = Make(
      R"("vocab": {"a": 0, "##b": 1, "ab": 2, "##a": 3}, "merges": ["a ##b"], "continuing_subword_prefix": "##")");
  EXPECT_EQ(Encode(prefix, "aba"), (Ids{2, 3}));
}

TEST(Bpe, HugeWords) {
  Bpe bpe = Make(std::string(kVocab) + R"(, "merges": ["a b", "a a"])");
  EXPECT_EQ(Encode(bpe, std::string(1 << 20, 'a')), Ids(1 << 19, 6));
  std::string pairs;
  for (int i = 0; i < 1 << 19; ++i) pairs += "ab";
  EXPECT_EQ(Encode(bpe, pairs), Ids(1 << 19, 3));
}

TEST(Bpe, NamesWhatIsWrong) {
  const std::string vocab = std::string(kVocab) + ", ";
  EXPECT_EQ(Complaint(vocab + R"("merges": ["a x"])"), R"(FILE: merges[0]: "x" is not in vocab)");
  EXPECT_EQ(Complaint(vocab + R"("merges": ["a b", "c c"])"),
            R"(FILE: merges[1]: "cc" is not in vocab)");
  EXPECT_EQ(Complaint(vocab + R"("merges": ["a b c"])"),
            R"(FILE: merges[0]: expected two tokens, found "a b c")");
  EXPECT_EQ(Complaint(vocab + R"("merges": [["a"]])"),
            "FILE: merges[0]: expected two tokens, found an array of 1");
  EXPECT_EQ(Complaint(vocab + R"("merges": {})"),
            "FILE: merges: expected an array, found an object of 0");
  EXPECT_EQ(Complaint(vocab + R"("merges": [], "dropout": 0.1)"),
            "FILE: dropout: 0.1 is not supported, only null, 0");
  EXPECT_EQ(Complaint(vocab + R"("merges": [], "unk_token": "!")"),
            R"(FILE: unk_token: "!" is not in vocab)");
  EXPECT_EQ(Complaint(vocab + R"("merges": ["a b"], "continuing_subword_prefix": "##")"),
            R"(FILE: merges[0]: "b" does not begin with continuing_subword_prefix)");
  EXPECT_EQ(Complaint(R"("vocab": {"a": 0, "b": 16777216}, "merges": [])"),
            R"(FILE: vocab: "b": expected an id from 0 to 16777215, found 16777216)");
}

// Merges that lead from a token back to itself do not go round.
TEST(Bpe, MergesThatMakeTheirOwnParts) {
  Bpe bpe = Make(R"("vocab": {"a": 0, "": 1}, "merges": [["a", ""], ["", "a"]])");
  EXPECT_EQ(Encode(bpe, "aa"), (Ids{0, 0}));
}

}  // namespace
}  // namespace vecmill

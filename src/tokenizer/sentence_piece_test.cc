#include "tokenizer/sentence_piece.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/json.h"
#include "tokenizer/tokenizer_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

std::string ModelBytes(const std::string& name) { return ReadData("sentence_piece/" + name); }

std::unique_ptr<const Tokenizer> LoadBytes(std::string_view bytes) {
  return LoadSentencePiece(bytes, "FILE", Tokenizer::SpecialTokens::kAdded);
}

std::unique_ptr<const Tokenizer> Load(const std::string& name) {
  return LoadBytes(ModelBytes(name));
}

std::vector<int32_t> Ids(const Tokenizer& tokenizer, std::string_view text,
                         int64_t max_tokens = 1 << 30) {
  std::vector<int32_t> ids;
  tokenizer.Encode(text, max_tokens, &ids);
  return ids;
}

TEST(SentencePiece, GivesTheIdsOfTheWheel) {
  std::map<std::string, std::unique_ptr<const Tokenizer>> models;
  int64_t num_texts = 0;
  for (const std::string& line : Lines(ReadData("sentence_piece/goldens.jsonl"))) {
    const Json golden = ParseJson(line, "goldens.jsonl");
    const std::string& name = golden.GetString("model", "");
    auto& model = models[name];
    if (!model) model = Tokenizer::Load(DataPath("sentence_piece/" + name));
    std::vector<int32_t> expected;
    if (name == "unigram.model") expected.push_back(1);  // begin of sentence; bpe.model has none
    for (const Json& id : golden.GetArray("ids", "")) {
      expected.push_back(static_cast<int32_t>(id.integer()));
    }
    expected.push_back(2);
    EXPECT_EQ(Ids(*model, golden.GetString("text", "")), expected) << line;
    ++num_texts;
  }
  EXPECT_GT(num_texts, 400);
}

TEST(SentencePiece, CutsAtTheEnd) {
  const auto model = Load("unigram.model");
  const std::vector<int32_t> whole = Ids(*model, "the quick brown fox");
  ASSERT_GT(whole.size(), 6U);
  std::vector<int32_t> cut;
  EXPECT_TRUE(model->Encode("the quick brown fox", 5, &cut));
  EXPECT_EQ(cut, std::vector<int32_t>({whole[0], whole[1], whole[2], whole[3], 2}));
  cut.clear();
  EXPECT_FALSE(model->Encode("the quick brown fox", std::ssize(whole), &cut));
  EXPECT_EQ(cut, whole);
  EXPECT_THROW(Ids(*model, "x", 1), Error);
}

TEST(SentencePiece, LeavesSpecialTokensOut) {
  const std::vector<int32_t> whole = Ids(*Load("unigram.model"), "the fox");
  const auto bare =
      Tokenizer::Load(DataPath("sentence_piece/unigram.model"), Tokenizer::SpecialTokens::kLeftOut);
  EXPECT_EQ(Ids(*bare, "the fox"), std::vector<int32_t>(whole.begin() + 1, whole.end() - 1));
}

// bpe.model has no table of replacements, so long texts are cut.
TEST(SentencePiece, TextsOfMegabytesGiveTheIdsOfTheirWords) {
  const auto model = Load("bpe.model");
  std::vector<int32_t> expected;
  std::string text;
  for (const std::string_view word : {"quick brown fox", "schnell", "jumped"}) {
    std::vector<int32_t> ids = Ids(*model, word);
    ids.pop_back();
    const size_t repeats = 100'000;
    for (size_t i = 0; i < repeats; ++i) {
      text.append(text.empty() ? "" : " ").append(word);
      expected.insert(expected.end(), ids.begin(), ids.end());
    }
  }
  expected.push_back(2);
  ASSERT_GT(text.size(), size_t{2} << 20);
  EXPECT_EQ(Ids(*model, text), expected);
}

TEST(SentencePiece, ThreadsShareAModel) {
  const auto model = Load("unigram.model");
  const std::vector<std::string> texts = Lines(ReadData("multilingual.txt"));
  std::vector<std::vector<int32_t>> expected;
  for (const std::string& text : texts) expected.push_back(Ids(*model, text));
  std::vector<std::vector<std::vector<int32_t>>> found(3);
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      for (const std::string& text : texts) mine.push_back(Ids(*model, text));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, expected);
}

std::string Complaint(std::string_view bytes) {
  try {
    LoadBytes(bytes);
    return "loaded";
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ErrorCode::kInternal) << e.what();
    return e.what();
  }
}

TEST(SentencePiece, RefusesWhatIsNoModel) {
  EXPECT_EQ(Complaint(""), "FILE: has no pieces");
  EXPECT_EQ(Complaint("{\"version\": \"1.0\"}"), "FILE: byte 1: found wire type 3");
  const std::string model = ModelBytes("unigram.model");
  EXPECT_EQ(Complaint(model.substr(0, 100)).substr(0, 11), "FILE: byte ");
}

TEST(SentencePiece, RefusesATableThatLeadsOutOfItself) {
  std::string model = ModelBytes("unigram.model");
  const std::string name = "user_defined";
  const size_t units = model.rfind(name) + name.size() + 8;
  ASSERT_LT(units + 8, model.size());
  for (size_t i = 0; i < 8; ++i) model[units + i] = '\xFF';
  EXPECT_NE(Complaint(model).find("FILE: precompiled_charsmap: "), std::string::npos)
      << Complaint(model);
}

// One byte turned around: refused, or another model that encodes.
TEST(SentencePiece, DamagedBytesAreHarmless) {
  for (const char* name : {"unigram.model", "bpe.model"}) {
    const std::string model = ModelBytes(name);
    for (size_t i = 0; i < model.size(); i += 11) {
      std::string damaged = model;
      damaged[i] = static_cast<char>(~damaged[i]);
      try {
        Ids(*LoadBytes(damaged), "The quick \xEF\xAC\x81sh \xEF\xBC\xA1 7");
      } catch (const Error& e) {
        EXPECT_EQ(e.code(), ErrorCode::kCorrupt) << "byte " << i << ": " << e.what();
      }
    }
  }
}

}  // namespace
}  // namespace vecmill

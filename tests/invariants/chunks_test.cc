// What a long row is cut into depends on the row and the options alone, and every chunk fits.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "vecmill/embedder.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr const char* kModel = VECMILL_TINY_BERT;

std::vector<std::string> MakeTexts() {
  const char* const words[] = {"the ",         "quick\n", "brown",        "fox  ", "data ",
                               "caf\xc3\xa9 ", "12 ",     "\xe6\xbc\xa2", "\xff ", "model, "};
  std::mt19937 random(7);
  std::vector<std::string> texts(500);
  for (std::string& text : texts) {
    for (uint64_t left = random() % 200; left > 0; --left)
      text += words[random() % std::size(words)];
  }
  return texts;
}

class ChunksTest : public testing::Test {
 protected:
  const std::vector<std::string> texts_ = MakeTexts();
  const std::vector<TextRow> rows_{texts_.begin(), texts_.end()};

  static std::unique_ptr<Embedder> Load(int num_threads, const ChunkOptions& chunks) {
    return Embedder::Load(kModel,
                          {.num_threads = num_threads, .prompt = "a b: ", .chunks = chunks});
  }

  static Error ErrorOf(const ChunkOptions& chunks) {
    try {
      Load(1, chunks);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorCode::kInternal, "nothing was thrown");
  }
};

TEST_F(ChunksTest, AreTheSameForAnyThreadsAndCompany) {
  const std::vector<std::vector<TextChunk>> expected = Load(1, {})->CutIntoChunks(rows_);
  const auto embedder = Load(3, {});
  EXPECT_EQ(embedder->CutIntoChunks(rows_), expected);
  for (size_t i = 0; i < rows_.size(); i += 17) {
    EXPECT_EQ(embedder->CutIntoChunks(std::span(rows_).subspan(i, 1))[0], expected[i]);
  }
}

TEST_F(ChunksTest, FitAndAreNearlyFull) {
  for (const ChunkOptions& options : {ChunkOptions{}, ChunkOptions{.max_tokens = 20},
                                      ChunkOptions{.max_tokens = 25, .overlap_tokens = 10}}) {
    const auto embedder = Load(2, options);
    const auto max_tokens = static_cast<int32_t>(options.max_tokens.value_or(32));
    const std::vector<std::vector<TextChunk>> chunks = embedder->CutIntoChunks(rows_);
    std::vector<TextRow> texts;
    std::vector<bool> is_last;
    for (size_t i = 0; i < rows_.size(); ++i) {
      for (const auto& [span, context] : chunks[i]) {
        EXPECT_EQ(context, span);
        texts.emplace_back(rows_[i]->substr(static_cast<size_t>(span.begin),
                                            static_cast<size_t>(span.end - span.begin)));
        is_last.push_back(span == chunks[i].back().span);
      }
    }
    EXPECT_GT(texts.size(), 2000);
    const Embeddings made = embedder->Embed(texts);
    int64_t num_full = 0;
    int64_t num_tokens = 0;  // of chunks that are not their row's last
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_FALSE(made.accounts[i].truncated);
      EXPECT_LE(made.accounts[i].num_tokens, max_tokens);
      num_full += !is_last[i];
      num_tokens += is_last[i] ? 0 : made.accounts[i].num_tokens;
    }
    EXPECT_GT(num_tokens, num_full * max_tokens * 8 / 10);
  }
}

TEST_F(ChunksTest, OfNullRowsAreNone) {
  const std::vector<TextRow> rows = {std::nullopt, ""};
  const std::vector<std::vector<TextChunk>> chunks = Load(1, {})->CutIntoChunks(rows);
  EXPECT_TRUE(chunks[0].empty());
  EXPECT_EQ(chunks[1], (std::vector<TextChunk>{{}}));
}

TEST_F(ChunksTest, RefuseWhatLeavesNoRoom) {
  EXPECT_EQ(ErrorOf({.max_tokens = 33}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf({.max_tokens = 5}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf({.overlap_tokens = -1}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf({.max_tokens = 10, .overlap_tokens = 5}).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf({.max_tokens = 10, .overlap_tokens = 4}).code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace vecmill

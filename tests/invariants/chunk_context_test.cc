// A chunk that has seen its row: its vector depends on the row, the model and the options alone,
// and is pooled from the states that the row has as a whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>

#include "vecmill/embedder.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int64_t kDim = 48;
constexpr int64_t kMaxTokens = 32;  // of the model

std::vector<std::string> MakeTexts() {
  const char* const words[] = {"the ",         "quick\n", "brown",        "fox  ", "data ",
                               "caf\xc3\xa9 ", "12 ",     "\xe6\xbc\xa2", "\xff ", "model, "};
  std::mt19937 random(5);
  std::vector<std::string> texts(300);
  for (std::string& text : texts) {
    for (uint64_t left = random() % 60; left > 0; --left) {
      text += words[random() % std::size(words)];
    }
  }
  for (size_t i = 10; i < texts.size(); i += 10) texts[i] = texts[i / 2];
  return texts;
}

std::string_view Slice(std::string_view text, TextSpan span) {
  return text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin));
}

// Rows with the spans of them that Embedder::EmbedSpans takes.
struct SpanRows {
  std::vector<TextRow> contexts;
  std::vector<TextSpan> spans;
};

class ChunkContextTest : public testing::Test {
 protected:
  const std::vector<std::string> texts_ = MakeTexts();
  const std::vector<TextRow> rows_{texts_.begin(), texts_.end()};

  static EmbedderOptions Options(int64_t chunk_tokens, int64_t overlap_tokens) {
    return {.num_threads = 1,
            .columns = {{.name = "v", .layers = "last:mean"}, {.name = "t", .layers = "last:none"}},
            .normalize = false,
            .chunks = ChunkOptions{.max_tokens = chunk_tokens,
                                   .overlap_tokens = overlap_tokens,
                                   .context = ChunkContext::kRow}};
  }
  static std::unique_ptr<Embedder> Load(const EmbedderOptions& options) {
    return Embedder::Load(VECMILL_TINY_BERT, options);
  }

  SpanRows Cut(Embedder& embedder) const {
    SpanRows cut;
    const std::vector<std::vector<TextChunk>> chunks = embedder.CutIntoChunks(rows_);
    for (size_t i = 0; i < rows_.size(); ++i) {
      for (const auto& [span, context] : chunks[i]) {
        cut.contexts.emplace_back(Slice(*rows_[i], context));
        cut.spans.push_back({span.begin - context.begin, span.end - context.begin});
      }
    }
    return cut;
  }

  static std::vector<float> VectorOf(const Embeddings& made, size_t row) {
    const float* begin = made.columns[0].values.data() + row * kDim;
    return {begin, begin + kDim};
  }
  static std::vector<float> StatesOf(const Embeddings& made, size_t row) {
    const Embeddings::Column& states = made.columns[1];
    return {states.values.begin() + states.offsets[row] * kDim,
            states.values.begin() + states.offsets[row + 1] * kDim};
  }

  // The message of a refusal, whose code is checked.
  static std::string Refusal(const std::string& model, const EmbedderOptions& options) {
    try {
      Embedder::Load(model, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "nothing was refused";
  }
};

TEST_F(ChunkContextTest, IsTheRowOrChunksThatFit) {
  const auto embedder = Load(Options(12, 2));
  EmbedderOptions alone_options = Options(12, 2);
  alone_options.chunks->context = ChunkContext::kChunk;
  const auto alone = Load(alone_options)->CutIntoChunks(rows_);
  const auto chunks = embedder->CutIntoChunks(rows_);
  int64_t num_whole = 0;
  int64_t num_parted = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    ASSERT_EQ(chunks[i].size(), alone[i].size());
    const TextSpan whole = {0, static_cast<int64_t>(texts_[i].size())};
    const bool fits = chunks[i].front().context == whole;
    (fits ? num_whole : num_parted) += chunks[i].size() > 1 ? 1 : 0;
    for (size_t c = 0; c < chunks[i].size(); ++c) {
      const TextSpan context = chunks[i][c].context;
      EXPECT_EQ(chunks[i][c].span, alone[i][c].span);
      if (fits) {
        EXPECT_EQ(context, whole);
        continue;
      }
      const bool begins = c == 0 || context != chunks[i][c - 1].context;
      EXPECT_TRUE(!begins || context.begin == chunks[i][c].span.begin);
      const bool ends = c + 1 == chunks[i].size() || context != chunks[i][c + 1].context;
      EXPECT_TRUE(!ends || context.end == chunks[i][c].span.end);
    }
  }
  EXPECT_GT(num_whole, 30);
  EXPECT_GT(num_parted, 50);
}

TEST_F(ChunkContextTest, GivesTheSameBitsInAnyCompany) {
  const auto embedder = Load(Options(10, 2));
  const SpanRows cut = Cut(*embedder);
  const Embeddings expected = embedder->EmbedSpans(cut.contexts, cut.spans);
  ASSERT_GT(cut.spans.size(), 1000);
  std::vector<size_t> order(cut.spans.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  SpanRows shuffled;
  for (const size_t i : order) {
    shuffled.contexts.push_back(cut.contexts[i]);
    shuffled.spans.push_back(cut.spans[i]);
  }
  for (const int64_t block_tokens : {1, 100, 4096}) {
    EmbedderOptions options = Options(10, 2);
    options.num_threads = 3;
    options.block_tokens = block_tokens;
    const Embeddings made = Load(options)->EmbedSpans(shuffled.contexts, shuffled.spans);
    for (size_t i = 0; i < order.size(); ++i) {
      ASSERT_EQ(VectorOf(made, i), VectorOf(expected, order[i]));
      ASSERT_EQ(made.accounts[i].num_tokens, expected.accounts[order[i]].num_tokens);
    }
  }
  for (size_t i = 0; i < order.size(); i += 23) {
    const Embeddings alone = embedder->EmbedSpans(std::span(cut.contexts).subspan(i, 1),
                                                  std::span(cut.spans).subspan(i, 1));
    ASSERT_EQ(VectorOf(alone, 0), VectorOf(expected, i));
  }
}

TEST_F(ChunkContextTest, GivesAWholeRowItsOwnVector) {
  const auto embedder = Load(Options(kMaxTokens, 0));
  std::vector<TextSpan> whole;
  for (const TextRow& row : rows_) whole.push_back({0, static_cast<int64_t>(row->size())});
  const Embeddings made = embedder->EmbedSpans(rows_, whole);
  const Embeddings expected = embedder->Embed(rows_);
  EXPECT_EQ(made.columns[0].values, expected.columns[0].values);
  EXPECT_EQ(made.columns[1].values, expected.columns[1].values);
  for (size_t i = 0; i < rows_.size(); ++i) {
    EXPECT_EQ(made.accounts[i].num_tokens, expected.accounts[i].num_tokens);
    EXPECT_EQ(made.accounts[i].computed_tokens, expected.accounts[i].computed_tokens);
    EXPECT_EQ(made.accounts[i].duplicate, expected.accounts[i].duplicate);
    EXPECT_EQ(made.accounts[i].invalid_utf8, expected.accounts[i].invalid_utf8);
    EXPECT_EQ(made.accounts[i].truncated, expected.accounts[i].truncated);
  }
}

// The twin: the states of the whole context, divided among its chunks, and their means in double
// precision. A sum of n terms in f32, divided by n, is at most n + 1 roundings away.
TEST_F(ChunkContextTest, PoolsTheStatesOfTheContext) {
  const auto embedder = Load(Options(10, 0));
  const SpanRows cut = Cut(*embedder);
  const Embeddings made = embedder->EmbedSpans(cut.contexts, cut.spans);
  const Embeddings whole = embedder->Embed(cut.contexts);
  std::vector<float> divided;  // states of the chunks of the context at hand
  for (size_t i = 0; i < cut.spans.size(); ++i) {
    const std::vector<float> states = StatesOf(made, i);
    const int64_t num_tokens = made.accounts[i].num_tokens;
    ASSERT_EQ(static_cast<int64_t>(states.size()), num_tokens * kDim);
    divided.insert(divided.end(), states.begin(), states.end());
    const bool ends =
        i + 1 == cut.spans.size() || cut.contexts[i + 1]->data() != cut.contexts[i]->data();
    if (ends) {
      ASSERT_EQ(divided, StatesOf(whole, i)) << *cut.contexts[i];
      divided.clear();
    }
    const std::vector<float> vector = VectorOf(made, i);
    for (int64_t j = 0; j < kDim; ++j) {
      double sum = 0;
      double magnitude = 0;
      for (int64_t t = 0; t < num_tokens; ++t) {
        const double state = double{states[static_cast<size_t>(t * kDim + j)]};
        sum += state;
        magnitude += std::abs(state);
      }
      const auto n = static_cast<double>(num_tokens);
      const double roundings = (n + 1) * double{std::numeric_limits<float>::epsilon()};
      EXPECT_NEAR(double{vector[static_cast<size_t>(j)]}, sum / n, roundings * magnitude / n);
    }
  }
}

TEST_F(ChunkContextTest, CountsTheTokensOfATextOnce) {
  const auto embedder = Load(Options(10, 0));
  const std::string text = "the quick brown fox data model";
  const std::vector<TextRow> rows = {text, text, std::nullopt, text};
  const std::vector<TextSpan> spans = {{0, 9}, {10, 30}, {0, 0}, {0, 9}};
  const Embeddings made = embedder->EmbedSpans(rows, spans);
  const int32_t all = embedder->Embed(std::span(rows).first(1)).accounts[0].num_tokens;
  EXPECT_EQ(made.accounts[0].num_tokens + made.accounts[1].num_tokens, all);
  EXPECT_EQ(made.accounts[0].computed_tokens, all);
  EXPECT_EQ(made.accounts[0].computed_chunks, 1);
  EXPECT_EQ(made.accounts[1].computed_tokens, 0);
  EXPECT_EQ(made.accounts[1].computed_chunks, 0);
  EXPECT_FALSE(made.accounts[1].duplicate);
  EXPECT_TRUE(made.accounts[2].is_null);
  EXPECT_EQ(made.accounts[2].num_tokens, 0);
  EXPECT_TRUE(made.accounts[3].duplicate);
  EXPECT_EQ(VectorOf(made, 3), VectorOf(made, 0));
  EXPECT_NE(VectorOf(made, 1), VectorOf(made, 0));
}

// include_prompt: false.
TEST_F(ChunkContextTest, LeavesOutThePromptAsTheModelSays) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "vecmill_chunk_context_model";
  fs::remove_all(folder);
  fs::copy(VECMILL_TINY_BERT, folder, fs::copy_options::recursive);
  std::ofstream(folder / "1_Pooling" / "config.json")
      << R"({"word_embedding_dimension": 48, "pooling_mode_mean_tokens": true,
             "include_prompt": false})";
  EmbedderOptions options = Options(12, 0);
  options.prompt = "a b: ";
  const auto embedder = Embedder::Load(folder.string(), options);
  const std::string text = "the quick brown fox";
  const std::vector<TextRow> rows = {text, text};
  const std::vector<TextSpan> spans = {{0, 9}, {10, 19}};
  const Embeddings made = embedder->EmbedSpans(rows, spans);
  // [CLS] a b : and then what is pooled.
  const std::vector<float> states = StatesOf(made, 0);
  const std::vector<float> vector = VectorOf(made, 0);
  const auto num_tokens = static_cast<size_t>(made.accounts[0].num_tokens);
  ASSERT_GT(num_tokens, 5);
  for (size_t j = 0; j < static_cast<size_t>(kDim); ++j) {
    double sum = 0;
    for (size_t t = 4; t < num_tokens; ++t) sum += double{states[t * kDim + j]};
    EXPECT_NEAR(double{vector[j]}, sum / static_cast<double>(num_tokens - 4), 1e-5);
  }
  fs::remove_all(folder);
}

TEST_F(ChunkContextTest, RefusesWhatHasNoMeaning) {
  EmbedderOptions options = Options(10, 0);
  options.columns = {{.name = "v"}};
  EXPECT_NE(Refusal(VECMILL_TINY_USE, options).find("do not see one another"), std::string::npos);
  options.columns = {{.name = "v", .layers = "last:cls"}};
  EXPECT_NE(Refusal(VECMILL_TINY_BERT, options).find("column 'v' takes one token (cls)"),
            std::string::npos);
  options.columns = {{.name = "v", .layers = "last:last"}};
  EXPECT_NE(Refusal(VECMILL_TINY_BERT, options).find("takes one token (last)"), std::string::npos);
  options = Options(10, 0);
  options.chunks->max_tokens.reset();
  EXPECT_NE(Refusal(VECMILL_TINY_BERT, options).find("--chunk-tokens"), std::string::npos);
}

}  // namespace
}  // namespace vecmill

#include "run/chunked_pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace vecmill {
namespace {

// A character is a token, two fit; a text's vector is (its first character). With
// ChunkContext::kRow two chunks go through together.
class PairEmbedder final : public Embedder {
 public:
  explicit PairEmbedder(ChunkContext context = ChunkContext::kChunk) {
    description_.columns = {{.name = "v", .dim = 1}};
    description_.chunk_context = context;
  }

  std::unique_ptr<Embedder> With(const EmbedderOptions& /*options*/) const override {
    return std::make_unique<PairEmbedder>();
  }
  const ModelDescription& description() const override { return description_; }
  int num_threads() const override { return 1; }
  Embeddings Embed(std::span<const TextRow> rows) override {
    Embeddings made{.columns = {Embeddings::Column()}, .accounts = {}};
    for (const TextRow& row : rows) {
      const std::string_view text = row.value_or("");
      made.columns[0].values.push_back(text.empty() ? 0 : static_cast<float>(text[0]));
      made.accounts.push_back(
          {.num_tokens = static_cast<int32_t>(text.size()), .is_null = !row.has_value()});
    }
    return made;
  }
  Embeddings EmbedSpans(std::span<const TextRow> rows, std::span<const TextSpan> spans) override {
    std::vector<TextRow> texts;
    for (size_t i = 0; i < rows.size(); ++i) {
      texts.push_back(rows[i]);
      if (!rows[i]) continue;
      texts.back() = rows[i]->substr(static_cast<size_t>(spans[i].begin),
                                     static_cast<size_t>(spans[i].end - spans[i].begin));
    }
    return Embed(texts);
  }
  std::vector<std::vector<TextChunk>> CutIntoChunks(std::span<const TextRow> rows) override {
    std::vector<std::vector<TextChunk>> chunks;
    for (const TextRow& row : rows) {
      std::vector<TextChunk>& of_row = chunks.emplace_back();
      const auto size = static_cast<int64_t>(row.value_or("").size());
      for (int64_t i = 0; i < size; i += 2) {
        const TextSpan span = {i, std::min(i + 2, size)};
        const TextSpan pair = {i / 4 * 4, std::min(i / 4 * 4 + 4, size)};
        const bool is_alone = description_.chunk_context == ChunkContext::kChunk;
        of_row.push_back({.span = span, .context = is_alone ? span : pair});
      }
      if (row && of_row.empty()) of_row.push_back({});
    }
    return chunks;
  }
  StageSeconds stage_seconds() const override { return {}; }
  double MeasurePeakGflops() override { return 1; }

 private:
  ModelDescription description_;
};

using Rows = std::vector<TextRow>;
using Source = std::function<std::optional<Window<int>>()>;

Source WindowsOf(std::vector<Rows> windows) {
  return [windows, next = 0]() mutable -> std::optional<Window<int>> {
    if (next == static_cast<int>(windows.size())) return std::nullopt;
    Window<int> window{.owner = next, .rows = windows[static_cast<size_t>(next)]};
    ++next;
    return window;
  };
}

const std::vector<Rows> kWindows = {{"a", "bcdef", std::nullopt, ""}, {"ghij"}};

class ChunkedPipelineTest : public testing::Test {
 protected:
  PairEmbedder embedder_;
  const std::atomic<bool> stop_ = false;

  // "row.chunk:text" of each chunk, "|" behind each window of chunks.
  std::string Run(const ChunkWindowLimits<int>& limits) {
    std::string seen;
    RunChunkedPipeline<int>(
        embedder_, stop_, limits, WindowsOf(kWindows),
        [&](const EmbeddedWindow<CutRows<int>>& done) {
          const CutRows<int>& cut = done.window.owner;
          for (size_t i = 0; i < cut.chunks.size(); ++i) {
            const RowPart& chunk = cut.chunks[i];
            seen += std::to_string(cut.row_begin + chunk.row) + "." + std::to_string(chunk.part) +
                    ":" + std::string(done.window.rows[i].value_or("null")) + " ";
            EXPECT_EQ(chunk.span.has_value(), done.window.rows[i].has_value());
            EXPECT_EQ(done.made.accounts[i].num_chunks, chunk.part == 0 ? chunk.num_parts : 0);
          }
          seen += cut.ends_window ? "|| " : "| ";
        });
    return seen;
  }
};

TEST_F(ChunkedPipelineTest, GivesChunksInOrderInWindowsOfTheirOwn) {
  EXPECT_EQ(Run({.max_chunks = 100}),
            "0.0:a 1.0:bc 1.1:de 1.2:f 2.0:null 3.0: || 4.0:gh 4.1:ij || ");
  EXPECT_EQ(Run({.max_chunks = 3}),
            "0.0:a 1.0:bc 1.1:de | 1.2:f 2.0:null 3.0: || 4.0:gh 4.1:ij || ");
}

TEST_F(ChunkedPipelineTest, BoundsWhatChunksOfALongRowRepeat) {
  std::vector<int64_t> asked;
  const auto row_bytes = [&](int /*owner*/, int64_t row) {
    asked.push_back(row);
    return int64_t{60};
  };
  EXPECT_EQ(Run({.max_chunks = 100, .row_bytes = row_bytes, .max_bytes = 100}),
            "0.0:a 1.0:bc | 1.1:de | 1.2:f 2.0:null 3.0: || 4.0:gh | 4.1:ij || ");
  EXPECT_EQ(asked, (std::vector<int64_t>{1, 0}));
}

TEST_F(ChunkedPipelineTest, KeepsChunksThatSeeOneAnotherInOneWindow) {
  PairEmbedder embedder(ChunkContext::kRow);
  std::string seen;
  RunChunkedPipeline<int>(
      embedder, stop_, {.max_chunks = 1}, WindowsOf(kWindows),
      [&](const EmbeddedWindow<CutRows<int>>& done) {
        const CutRows<int>& cut = done.window.owner;
        for (size_t i = 0; i < cut.chunks.size(); ++i) {
          const RowPart& chunk = cut.chunks[i];
          const TextRow text = cut.TextOf(i);
          seen += std::string(text.value_or("null")) + " of " +
                  std::string(done.window.rows[i].value_or("null")) + " " +
                  std::to_string(chunk.pass) + "; ";
          EXPECT_EQ(done.made.columns[0].values[i],
                    text.value_or("").empty() ? 0 : static_cast<float>((*text)[0]));
          EXPECT_EQ(done.made.accounts[i].num_passes, chunk.part > 0 ? 0 : (text == "bc" ? 2 : 1));
        }
        seen += "| ";
      });
  EXPECT_EQ(seen,
            "a of a 0; | bc of bcde 0; de of bcde 0; | f of f 1; | null of null 0; |  of  0; | "
            "gh of ghij 0; ij of ghij 0; | ");
}

TEST_F(ChunkedPipelineTest, PoolsTheChunksOfARowWhateverTheWindows) {
  for (int64_t max_chunks : {1, 2, 3, 100}) {
    std::vector<float> vectors;
    std::vector<int32_t> num_chunks;
    std::vector<size_t> num_rows;
    RunPooledPipeline<int>(embedder_, stop_, {.max_chunks = max_chunks}, WindowsOf(kWindows),
                           [&](const EmbeddedWindow<int>& done) {
                             num_rows.push_back(done.window.rows.size());
                             for (size_t i = 0; i < done.window.rows.size(); ++i) {
                               vectors.push_back(done.made.columns[0].values[i]);
                               num_chunks.push_back(done.made.accounts[i].num_chunks);
                             }
                           });
    EXPECT_EQ(num_rows, (std::vector<size_t>{4, 1}));
    EXPECT_EQ(vectors, (std::vector<float>{'a', (2 * 'b' + 2 * 'd' + 'f') / 5.0f, 0, 0,
                                           (2 * 'g' + 2 * 'i') / 4.0f}));
    EXPECT_EQ(num_chunks, (std::vector<int32_t>{1, 3, 1, 1, 2}));
  }
}

}  // namespace
}  // namespace vecmill

#include "run/pipeline.h"

#include <gtest/gtest.h>

#include <string>

#include "vecmill/error.h"

namespace vecmill {
namespace {

// Gives each row the vector (length of its text), and fails on the text "fail".
class LengthEmbedder final : public Embedder {
 public:
  std::unique_ptr<Embedder> With(const EmbedderOptions& /*options*/) const override {
    return std::make_unique<LengthEmbedder>();
  }
  const ModelDescription& description() const override { return description_; }
  int num_threads() const override { return 1; }
  Embeddings Embed(std::span<const TextRow> rows) override {
    Embeddings made{.columns = {Embeddings::Column()}, .accounts = {}};
    for (const TextRow& row : rows) {
      if (row == "fail") throw Error(ErrorCode::kInternal, "embedder failed");
      made.columns[0].values.push_back(static_cast<float>(row->size()));
      made.accounts.push_back({.num_tokens = 1});
    }
    return made;
  }
  std::vector<std::vector<TextChunk>> CutIntoChunks(std::span<const TextRow> rows) override {
    return std::vector<std::vector<TextChunk>>(rows.size());
  }
  Embeddings EmbedSpans(std::span<const TextRow> rows, std::span<const TextSpan>) override {
    return Embed(rows);
  }
  StageSeconds stage_seconds() const override { return {}; }
  double MeasurePeakGflops() override { return 1; }

 private:
  ModelDescription description_;
};

using Owner = std::shared_ptr<std::vector<std::string>>;

// A source of `texts`, one window each.
std::function<std::optional<Window<Owner>>()> WindowsOf(std::vector<std::string> texts) {
  return [texts, next = size_t{0}]() mutable -> std::optional<Window<Owner>> {
    if (next == texts.size()) return std::nullopt;
    auto owner = std::make_shared<std::vector<std::string>>(1, texts[next++]);
    return Window<Owner>{.owner = owner, .rows = {owner->front()}};
  };
}

class PipelineTest : public testing::Test {
 protected:
  LengthEmbedder embedder_;
  std::atomic<bool> stop_ = false;
  std::vector<float> written_;

  void Run(std::vector<std::string> texts) {
    RunPipeline<Owner>(
        embedder_, stop_, WindowsOf(std::move(texts)),
        [&](const EmbeddedWindow<Owner>& w) { written_.push_back(w.made.columns[0].values[0]); });
  }
};

TEST_F(PipelineTest, KeepsTheOrderOfTheSource) {
  std::vector<std::string> texts;
  std::vector<float> expected;
  for (size_t i = 0; i < 300; ++i) {
    texts.emplace_back((i * 37) % 101, 'x');
    expected.push_back(static_cast<float>(texts.back().size()));
  }
  Run(texts);
  EXPECT_EQ(written_, expected);
}

TEST_F(PipelineTest, ReportsTheEmbeddersFailureAndWritesNothingAfterIt) {
  EXPECT_THROW(Run({"a", "bb", "fail", "dddd", "eeeee", "ffffff"}), Error);
  EXPECT_EQ(written_, (std::vector<float>{1, 2}));
}

TEST_F(PipelineTest, ReportsTheSinksFailureAndStopsReading) {
  int read = 0;
  auto endless = [&]() -> std::optional<Window<Owner>> {
    ++read;
    auto owner = std::make_shared<std::vector<std::string>>(1, "x");
    return Window<Owner>{.owner = owner, .rows = {owner->front()}};
  };
  auto full_disk = [](const EmbeddedWindow<Owner>&) { throw Error(ErrorCode::kIo, "disk full"); };
  EXPECT_THROW(RunPipeline<Owner>(embedder_, stop_, endless, full_disk), Error);
  EXPECT_LE(read, 10);
}

TEST_F(PipelineTest, ReportsTheSourcesFailureAfterWritingWhatCameBefore) {
  int read = 0;
  auto source = [&]() -> std::optional<Window<Owner>> {
    if (++read == 4) throw Error(ErrorCode::kIo, "cannot read");
    auto owner = std::make_shared<std::vector<std::string>>(1, "x");
    return Window<Owner>{.owner = owner, .rows = {owner->front()}};
  };
  auto sink = [&](const EmbeddedWindow<Owner>& w) {
    written_.push_back(w.made.columns[0].values[0]);
  };
  EXPECT_THROW(RunPipeline<Owner>(embedder_, stop_, source, sink), Error);
  EXPECT_EQ(written_.size(), 3U);
}

TEST_F(PipelineTest, StopsWhenAsked) {
  stop_ = true;
  Run({"a", "b"});
  EXPECT_TRUE(written_.empty());
}

}  // namespace
}  // namespace vecmill

// A row's vector is the same bits whatever it is embedded with: docs/numerics.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <thread>

#include "vecmill/embedder.h"

namespace vecmill {
namespace {

constexpr int64_t kNumRows = 5000;

// Texts of 0 to 40 words, among them repeats, empty ones, rows beyond max_seq_length and bad UTF-8.
std::vector<std::string> MakeTexts() {
  const char* const words[] = {"the", "quick", "brown", "fox",  "data",  "of", "caf\xc3\xa9",
                               "a",   "b",     "12",    "\xff", "model", ",",  "zzz"};
  std::mt19937 random(7);
  std::vector<std::string> texts(kNumRows);
  for (std::string& text : texts) {
    const uint64_t num_words = random() % 41;
    for (uint64_t i = 0; i < num_words; ++i) {
      text += words[random() % std::size(words)];
      text += ' ';
    }
  }
  for (size_t i = 10; i < texts.size(); i += 10) texts[i] = texts[i / 2];
  return texts;
}

struct Result {
  std::vector<float> vectors;
  std::vector<RowAccount> accounts;
};

Result Embed(Embedder& embedder, std::span<const TextRow> rows) {
  Result result;
  result.vectors.resize(rows.size() * static_cast<size_t>(embedder.description().dim));
  result.accounts.resize(rows.size());
  embedder.Embed(rows, result.vectors.data(), result.accounts.data());
  return result;
}

class SameBitsTest : public testing::Test {
 protected:
  SameBitsTest() : texts_(MakeTexts()), rows_(texts_.begin(), texts_.end()) {
    for (size_t i = 7; i < rows_.size(); i += 500) rows_[i] = std::nullopt;
    expected_ = Embed(*Load({.num_threads = 1}), rows_);
  }

  static std::unique_ptr<Embedder> Load(const EmbedderOptions& options) {
    return Embedder::Load(VECMILL_TINY_BERT, options);
  }

  // Row `i` of `result` is bit for bit what row `expected_row` was at first.
  void ExpectSameRow(const Result& result, size_t i, size_t expected_row) const {
    const size_t dim = expected_.vectors.size() / rows_.size();
    ASSERT_EQ(0, std::memcmp(&result.vectors[i * dim], &expected_.vectors[expected_row * dim],
                             dim * sizeof(float)))
        << "row " << expected_row << ": " << rows_[expected_row].value_or("(null)");
    ASSERT_EQ(result.accounts[i].num_tokens, expected_.accounts[expected_row].num_tokens);
    ASSERT_EQ(result.accounts[i].truncated, expected_.accounts[expected_row].truncated);
    ASSERT_EQ(result.accounts[i].is_null, expected_.accounts[expected_row].is_null);
  }

  const std::vector<std::string> texts_;
  std::vector<TextRow> rows_;
  Result expected_;  // all rows together, one thread, default blocks
};

TEST_F(SameBitsTest, TheRowsAreNotAllAlike) {
  int64_t truncated = 0;
  int64_t duplicates = 0;
  int64_t invalid = 0;
  for (const RowAccount& account : expected_.accounts) {
    truncated += account.truncated;
    duplicates += account.duplicate;
    invalid += account.invalid_utf8;
  }
  EXPECT_GT(truncated, 500);
  EXPECT_GT(duplicates, 100);
  EXPECT_GT(invalid, 1000);
  EXPECT_NE(0, std::memcmp(&expected_.vectors[0], &expected_.vectors[48], 48 * sizeof(float)));
}

TEST_F(SameBitsTest, ForAnyOrderThreadsAndBlockSize) {
  std::mt19937 random(3);
  for (int num_threads : {1, 2, 3, 4}) {
    for (int64_t block_tokens : {1, 33, 256, 4096}) {
      std::vector<size_t> order(rows_.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::shuffle(order.begin(), order.end(), random);
      std::vector<TextRow> shuffled;
      for (size_t i : order) shuffled.push_back(rows_[i]);

      const auto embedder = Load({.num_threads = num_threads, .block_tokens = block_tokens});
      const Result result = Embed(*embedder, shuffled);
      for (size_t i = 0; i < order.size(); ++i) ExpectSameRow(result, i, order[i]);
    }
  }
}

TEST_F(SameBitsTest, ForARowAlone) {
  const auto embedder = Load({.num_threads = 2});
  for (size_t i = 0; i < rows_.size(); ++i) {
    ExpectSameRow(Embed(*embedder, std::span(rows_).subspan(i, 1)), 0, i);
  }
}

TEST_F(SameBitsTest, ForCallsThatShareTheWorkers) {
  const auto embedder = Load({.num_threads = 3});
  std::vector<std::thread> callers;
  std::vector<Result> results(4);
  const size_t share = rows_.size() / results.size();
  for (size_t c = 0; c < results.size(); ++c) {
    callers.emplace_back(
        [&, c] { results[c] = Embed(*embedder, std::span(rows_).subspan(c * share, share)); });
  }
  for (std::thread& caller : callers) caller.join();
  for (size_t c = 0; c < results.size(); ++c) {
    for (size_t i = 0; i < share; ++i) ExpectSameRow(results[c], i, c * share + i);
  }
}

TEST_F(SameBitsTest, ForRepeatsOfOneText) {
  const auto embedder = Load({.num_threads = 2});
  const std::vector<TextRow> copies(1000, rows_[1]);
  const Result result = Embed(*embedder, copies);
  for (size_t i = 0; i < copies.size(); ++i) ExpectSameRow(result, i, 1);
}

}  // namespace
}  // namespace vecmill

// A row's vector is the same bits whatever it is embedded with: docs/numerics.md.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
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

// One pass makes a column of each kind.
const std::vector<ColumnOptions> kColumns = {{.name = "embedding", .layers = "last"},
                                             {.name = "wide", .layers = "concat(mean(0:2),-2):max"},
                                             {.name = "tokens", .layers = "0.5*1+last:none"}};

class SameBitsTest : public testing::Test {
 protected:
  SameBitsTest() : texts_(MakeTexts()), rows_(texts_.begin(), texts_.end()) {
    for (size_t i = 7; i < rows_.size(); i += 500) rows_[i] = std::nullopt;
    expected_ = Load({.num_threads = 1})->Embed(rows_);
  }

  static std::unique_ptr<Embedder> Load(EmbedderOptions options) {
    options.columns = kColumns;
    return Embedder::Load(VECMILL_TINY_BERT, options);
  }

  // The values of a row, whatever kind the column is.
  static std::span<const float> ValuesOf(const Embeddings& result, size_t column, size_t row) {
    const Embeddings::Column& made = result.columns[column];
    if (made.offsets.empty()) {
      const size_t dim = made.values.size() / result.accounts.size();
      return std::span(made.values).subspan(row * dim, dim);
    }
    const auto begin = static_cast<size_t>(made.offsets[row]) * 48;
    return std::span(made.values)
        .subspan(begin, static_cast<size_t>(made.offsets[row + 1]) * 48 - begin);
  }

  // Row `i` of `result` is bit for bit what row `expected_row` was at first.
  void ExpectSameRow(const Embeddings& result, size_t i, size_t expected_row) const {
    for (size_t c = 0; c < kColumns.size(); ++c) {
      const std::span<const float> values = ValuesOf(result, c, i);
      const std::span<const float> expected = ValuesOf(expected_, c, expected_row);
      ASSERT_EQ(values.size(), expected.size());
      if (values.empty()) continue;
      ASSERT_EQ(0, std::memcmp(values.data(), expected.data(), values.size_bytes()))
          << kColumns[c].name << " of row " << expected_row << ": "
          << rows_[expected_row].value_or("(null)");
    }
    ASSERT_EQ(result.accounts[i].num_tokens, expected_.accounts[expected_row].num_tokens);
    ASSERT_EQ(result.accounts[i].truncated, expected_.accounts[expected_row].truncated);
    ASSERT_EQ(result.accounts[i].is_null, expected_.accounts[expected_row].is_null);
  }

  const std::vector<std::string> texts_;
  std::vector<TextRow> rows_;
  Embeddings expected_;  // all rows together, one thread, default blocks
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
  const std::vector<float>& vectors = expected_.columns[0].values;
  EXPECT_NE(0, std::memcmp(&vectors[0], &vectors[48], 48 * sizeof(float)));
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
      const Embeddings result = embedder->Embed(shuffled);
      for (size_t i = 0; i < order.size(); ++i) ExpectSameRow(result, i, order[i]);
    }
  }
}

TEST_F(SameBitsTest, ForARowAlone) {
  const auto embedder = Load({.num_threads = 2});
  for (size_t i = 0; i < rows_.size(); ++i) {
    ExpectSameRow(embedder->Embed(std::span(rows_).subspan(i, 1)), 0, i);
  }
}

TEST_F(SameBitsTest, ForCallsThatShareTheWorkers) {
  const auto embedder = Load({.num_threads = 3});
  std::vector<std::thread> callers;
  std::vector<Embeddings> results(4);
  const size_t share = rows_.size() / results.size();
  for (size_t c = 0; c < results.size(); ++c) {
    callers.emplace_back(
        [&, c] { results[c] = embedder->Embed(std::span(rows_).subspan(c * share, share)); });
  }
  for (std::thread& caller : callers) caller.join();
  for (size_t c = 0; c < results.size(); ++c) {
    for (size_t i = 0; i < share; ++i) ExpectSameRow(results[c], i, c * share + i);
  }
}

// Forks while the parent's workers are busy. A child that waits for what only the parent has is
// ended by its alarm.
TEST_F(SameBitsTest, ForForkedChildren) {
  const auto embedder = Load({.num_threads = 2});
  std::atomic<bool> stop = false;
  std::thread busy([&] {
    while (!stop) embedder->Embed(std::span(rows_).first(500));
  });
  for (size_t fork_idx = 0; fork_idx < 40; ++fork_idx) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      const size_t begin = fork_idx * 20;
      const Embeddings result = embedder->Embed(std::span(rows_).subspan(begin, 20));
      for (size_t i = 0; i < 20; ++i) ExpectSameRow(result, i, begin + i);
      _exit(HasFailure() ? 1 : 0);
    }
    int status = 1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << "fork " << fork_idx;
  }
  stop = true;
  busy.join();
}

TEST_F(SameBitsTest, ForRepeatsOfOneText) {
  const auto embedder = Load({.num_threads = 2});
  const std::vector<TextRow> copies(1000, rows_[1]);
  const Embeddings result = embedder->Embed(copies);
  for (size_t i = 0; i < copies.size(); ++i) ExpectSameRow(result, i, 1);
}

}  // namespace
}  // namespace vecmill

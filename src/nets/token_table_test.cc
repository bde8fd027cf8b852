#include "nets/token_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace vecmill {
namespace {

TEST(TokenTable, KeepsRowsUntilItIsFull) {
  TokenTable table(/*vocab=*/10, /*width=*/3, /*max_rows=*/2);
  EXPECT_EQ(table.max_bytes(), 2 * 3 * 4);
  EXPECT_EQ(table.Find(7), nullptr);
  float* row = table.Claim(7);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(table.Find(7), nullptr) << "not yet published";
  EXPECT_EQ(table.Claim(7), nullptr) << "claimed already";
  row[2] = 5.0f;
  table.Publish(7);
  ASSERT_EQ(table.Find(7), row);
  EXPECT_EQ(table.Find(7)[2], 5.0f);
  ASSERT_NE(table.Claim(0), nullptr);
  EXPECT_EQ(table.Claim(9), nullptr) << "full";
  EXPECT_EQ(table.Find(9), nullptr);
}

TEST(TokenTable, HasNoMoreRowsThanIds) {
  const TokenTable table(/*vocab=*/4, /*width=*/1, /*max_rows=*/1000);
  EXPECT_EQ(table.max_bytes(), 16);
}

// Every thread finds what any of them wrote.
TEST(TokenTable, ThreadsShareIt) {
  constexpr int32_t kVocab = 500;
  constexpr int64_t kWidth = 64;
  TokenTable table(kVocab, kWidth, kVocab / 2);
  std::vector<int64_t> num_found(4);
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < num_found.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 50; ++round) {
        for (int32_t id = 0; id < kVocab; ++id) {
          if (const float* row = table.Find(id)) {
            ++num_found[thread];
            for (int64_t i = 0; i < kWidth; ++i) {
              ASSERT_EQ(row[i], static_cast<float>(id * kWidth + i));
            }
          } else if (float* mine = table.Claim(id)) {
            for (int64_t i = 0; i < kWidth; ++i) mine[i] = static_cast<float>(id * kWidth + i);
            table.Publish(id);
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int64_t found : num_found) EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace vecmill

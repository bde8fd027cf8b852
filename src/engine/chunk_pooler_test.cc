#include "engine/chunk_pooler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "vecmill/error.h"

namespace vecmill {
namespace {

const RowAccount kThree = {.num_tokens = 3, .computed_tokens = 3};
const RowAccount kOne = {.num_tokens = 1, .computed_tokens = 0, .duplicate = true};
const RowAccount kNull = {.is_null = true};

TEST(ChunkPooler, WeighsChunksByTheirTokens) {
  const std::vector<ColumnDescription> columns = {{.name = "plain", .dim = 2},
                                                  {.name = "unit", .normalized = true, .dim = 2}};
  const Embeddings chunks = {
      .columns = {{.values = {1, 2, 5, 10, 0, 0, 7, 7}}, {.values = {1, 0, 0, 1, 0, 0, 0, 1}}},
      .accounts = {kThree, kOne, kNull, kOne}};
  ChunkPooler pooler(columns, 3);
  pooler.Add(0, chunks, 0);
  pooler.Add(0, chunks, 1);
  pooler.Add(1, chunks, 2);
  pooler.Add(2, chunks, 3);
  const Embeddings rows = pooler.Finish();

  EXPECT_EQ(rows.columns[0].values, (std::vector<float>{2, 4, 0, 0, 7, 7}));
  EXPECT_NEAR(rows.columns[1].values[0], 3 / std::sqrt(10.0), 1e-6);
  EXPECT_NEAR(rows.columns[1].values[1], 1 / std::sqrt(10.0), 1e-6);
  EXPECT_EQ(rows.accounts[0].num_chunks, 2);
  EXPECT_EQ(rows.accounts[0].num_tokens, 4);
  EXPECT_EQ(rows.accounts[0].computed_tokens, 3);
  EXPECT_FALSE(rows.accounts[0].duplicate);
  EXPECT_TRUE(rows.accounts[1].is_null);
  EXPECT_EQ(rows.accounts[2].num_chunks, 1);
  EXPECT_TRUE(rows.accounts[2].duplicate);
}

// Not even the length of a vector that is nearly one is mended.
TEST(ChunkPooler, KeepsTheBitsOfASingleChunk) {
  const std::vector<ColumnDescription> columns = {{.name = "unit", .normalized = true, .dim = 2}};
  const Embeddings chunks = {.columns = {{.values = {0.6f, 0.81f}}}, .accounts = {kThree}};
  ChunkPooler pooler(columns, 1);
  pooler.Add(0, chunks, 0);
  EXPECT_EQ(pooler.Finish().columns[0].values, chunks.columns[0].values);
}

TEST(ChunkPooler, RefusesAVectorForEachToken) {
  EXPECT_THROW(ChunkPooler::CheckColumns({{.name = "tokens", .poolings = {Pooling::kNone}}}),
               Error);
}

}  // namespace
}  // namespace vecmill

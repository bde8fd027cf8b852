#include "ops/embedding.h"

#include <vector>

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

class EmbeddingTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(EmbeddingTest);

TEST_P(EmbeddingTest, EqualsTheTwin) {
  for (int64_t hidden : {4, 48, 100}) {
    const TestMatrix words = TestMatrix::Random(31, hidden, 1);
    const TestMatrix positions = TestMatrix::Random(7, hidden, 2, 0.2f);
    const TestMatrix gamma = TestMatrix::Random(1, hidden, 3);
    const TestMatrix beta = TestMatrix::Random(1, hidden, 4);
    const EmbeddingTables tables{
        words.view(), positions.view(), {gamma.data(), beta.data(), 1e-12f}};
    const std::vector<int32_t> ids = {0, 30, 5, 5, 7, 1, 2, 3, 4, 5, 6, 30};
    const std::vector<int64_t> offsets = {0, 1, 4, 11, 12};
    TestMatrix actual(12, hidden);
    TestMatrix expected(12, hidden);
    EmbedTokens(tables, ids, offsets, actual.view());
    RefEmbedTokens(tables, ids, offsets, expected.view());
    // Values are normalised, so of the order of 1 and gamma; a row's sums err by (H / 16 + 8) eps.
    const double bound = 16.0 * (static_cast<double>(hidden) / 16.0 + 8.0) * kEps;
    for (int64_t i = 0; i < 12 * hidden; ++i) {
      ASSERT_NEAR(actual.data()[i], expected.data()[i], bound) << i;
    }
  }
}

TEST_P(EmbeddingTest, PositionsCountFromTheStartOfEachSequence) {
  const TestMatrix words = TestMatrix::Random(10, 32, 5);
  const TestMatrix positions = TestMatrix::Random(3, 32, 6);
  const TestMatrix ones = [] {
    TestMatrix matrix(1, 32);
    for (int64_t i = 0; i < 32; ++i) matrix.data()[i] = 1.0f;
    return matrix;
  }();
  const EmbeddingTables tables{words.view(), positions.view(), {ones.data(), ones.data(), 1e-12f}};
  const std::vector<int32_t> ids = {1, 2, 3, 9, 1, 2, 3};
  const std::vector<int64_t> offsets = {0, 3, 4, 7};
  TestMatrix dst(7, 32);
  EmbedTokens(tables, ids, offsets, dst.view());
  EXPECT_TRUE(SameBits(dst.view().Row(0), dst.view().Row(4), 96));
  EXPECT_FALSE(SameBits(dst.view().Row(0), dst.view().Row(1), 32));
}

TEST_P(EmbeddingTest, WithoutPositionsIsTheWordNormalised) {
  const TestMatrix words = TestMatrix::Random(10, 20, 7);
  const TestMatrix gamma = TestMatrix::Random(1, 20, 9);
  const EmbeddingTables tables{.words = words.view(), .norm = {gamma.data(), gamma.data(), 1e-5f}};
  TestMatrix actual(3, 20);
  TestMatrix expected(3, 20);
  const std::vector<int64_t> offsets = {0, 3};
  EmbedTokens(tables, std::vector<int32_t>{9, 4, 4}, offsets, actual.view());
  RefEmbedTokens(tables, std::vector<int32_t>{9, 4, 4}, offsets, expected.view());
  for (int64_t i = 0; i < 60; ++i) EXPECT_NEAR(actual.data()[i], expected.data()[i], 160.0 * kEps);
}

TEST_P(EmbeddingTest, PositionsCountFromBehindThePadToken) {
  const TestMatrix words = TestMatrix::Random(10, 20, 7);
  const TestMatrix positions = TestMatrix::Random(8, 20, 8);
  const TestMatrix gamma = TestMatrix::Random(1, 20, 9);
  const EmbeddingTables tables{.words = words.view(),
                               .positions = positions.view(),
                               .norm = {gamma.data(), gamma.data(), 1e-5f},
                               .pad_id = 3};
  const auto embed = [&](const std::vector<int32_t>& ids) {
    const auto tokens = static_cast<int64_t>(ids.size());
    TestMatrix actual(tokens, 20);
    TestMatrix expected(tokens, 20);
    EmbedTokens(tables, ids, std::vector<int64_t>{0, tokens}, actual.view());
    RefEmbedTokens(tables, ids, std::vector<int64_t>{0, tokens}, expected.view());
    for (int64_t i = 0; i < tokens * 20; ++i) {
      EXPECT_NEAR(actual.data()[i], expected.data()[i], 160.0 * kEps) << i;
    }
    return actual;
  };
  const TestMatrix plain = embed({5, 6, 7, 8});
  const TestMatrix padded = embed({5, 3, 6, 3, 3, 7, 8});
  EXPECT_TRUE(SameBits(plain.view().Row(0), padded.view().Row(0), 20));
  EXPECT_TRUE(SameBits(plain.view().Row(1), padded.view().Row(2), 20));
  EXPECT_TRUE(SameBits(plain.view().Row(3), padded.view().Row(6), 20));
  EXPECT_TRUE(SameBits(padded.view().Row(1), padded.view().Row(4), 20));
}

}  // namespace
}  // namespace vecmill

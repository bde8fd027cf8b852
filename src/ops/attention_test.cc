#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/ops_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

class AttentionTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(AttentionTest);

std::vector<int64_t> Offsets(const std::vector<int64_t>& lengths) {
  std::vector<int64_t> offsets = {0};
  for (int64_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// A score s errs by (D + 3) eps scale sum |q k|, which moves its weight by that much relatively,
// and so does the maximum; exponential, sum over L, product and division add (2 L + 8) eps. The
// result is a mean of values no larger than the largest |v|.
double Bound(const TestMatrix& qkv, const AttentionShape& shape) {
  double q = 0.0;
  double k = 0.0;
  double v = 0.0;
  const int64_t width = shape.heads * shape.head_dim;
  const int64_t tokens = qkv.view().rows;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t j = 0; j < width; ++j) {
      q = std::max(q, std::abs(static_cast<double>(qkv.at(t, j))));
      k = std::max(k, std::abs(static_cast<double>(qkv.at(t, width + j))));
      v = std::max(v, std::abs(static_cast<double>(qkv.at(t, 2 * width + j))));
    }
  }
  const auto dim = static_cast<double>(shape.head_dim);
  const double score = (dim + 3.0) * kEps * static_cast<double>(shape.scale) * dim * q * k;
  return (2.0 * score + (2.0 * static_cast<double>(tokens) + 8.0) * kEps) * v;
}

TEST_P(AttentionTest, EqualsTheTwin) {
  const std::vector<std::vector<int64_t>> batches = {
      {1}, {2, 1}, {15, 16, 17}, {12, 12, 12}, {5, 49, 33}, {91}, {130, 7}, {512}};
  for (int64_t head_dim : {1, 12, 16, 32, 40, 64}) {
    for (const std::vector<int64_t>& lengths : batches) {
      if (head_dim > 32 && lengths[0] > 130) continue;  // the twin is slow
      const std::vector<int64_t> offsets = Offsets(lengths);
      const AttentionShape shape{.heads = 2,
                                 .head_dim = head_dim,
                                 .scale = 1.0f / std::sqrt(static_cast<float>(head_dim))};
      const int64_t width = shape.heads * head_dim;
      const TestMatrix qkv = TestMatrix::Random(offsets.back(), 3 * width, 1);
      TestMatrix actual(offsets.back(), width);
      TestMatrix expected(offsets.back(), width);
      AttentionWorkspace workspace;
      Attention(qkv.view(), offsets, shape, workspace, actual.view());
      RefAttention(qkv.view(), offsets, shape, expected.view());
      const double bound = Bound(qkv, shape);
      for (int64_t i = 0; i < offsets.back() * width; ++i) {
        ASSERT_NEAR(actual.data()[i], expected.data()[i], bound)
            << "first length " << lengths[0] << " head_dim " << head_dim << " element " << i;
      }
    }
  }
}

TEST_P(AttentionTest, SequenceHasTheSameBitsAloneAndAmongOthers) {
  const std::vector<int64_t> offsets = Offsets({3, 60, 1, 16, 100, 12});
  const AttentionShape shape{.heads = 3, .head_dim = 20, .scale = 0.25f};
  const TestMatrix qkv = TestMatrix::Random(offsets.back(), 180, 2, 2.0f);
  TestMatrix together(offsets.back(), 60);
  AttentionWorkspace used;
  Attention(qkv.view(), offsets, shape, used, together.view());
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const int64_t rows = offsets[i + 1] - offsets[i];
    TestMatrix alone(rows, 60);
    AttentionWorkspace fresh;
    Attention({qkv.view().Row(offsets[i]), rows, 180, 180}, Offsets({rows}), shape, fresh,
              alone.view());
    EXPECT_TRUE(SameBits(alone.data(), together.view().Row(offsets[i]), rows * 60)) << i;
  }
}

TEST_P(AttentionTest, ScoresFarApartPickOneValue) {
  constexpr int64_t kTokens = 21;
  const AttentionShape shape{.heads = 1, .head_dim = 16, .scale = 1.0f};
  TestMatrix qkv = TestMatrix::Random(kTokens, 48, 3);
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t d = 0; d < 16; ++d) {
      qkv.view().Row(t)[d] = 100.0f;  // every query wants the last key,
      qkv.view().Row(t)[16 + d] = static_cast<float>(t - kTokens);  // and all scores are negative
    }
  }
  TestMatrix dst(kTokens, 16);
  AttentionWorkspace workspace;
  Attention(qkv.view(), Offsets({kTokens}), shape, workspace, dst.view());
  for (int64_t t = 0; t < kTokens; ++t) {
    EXPECT_TRUE(SameBits(dst.view().Row(t), qkv.view().Row(kTokens - 1) + 32, 16)) << t;
  }
}

TEST_P(AttentionTest, BiasEqualsTheTwin) {
  for (int64_t head_dim : {12, 32}) {
    const std::vector<int64_t> offsets = Offsets({1, 7, 16, 17, 64, 40});
    RelativeBias bias(3, 64);
    const TestMatrix values = TestMatrix::Random(3, 127, 4, 3.0f);
    for (int64_t head = 0; head < 3; ++head) {
      for (int64_t i = 0; i < 127; ++i) bias.Set(head, i - 63, values.at(head, i));
    }
    const AttentionShape shape{.heads = 3, .head_dim = head_dim, .scale = 0.3f, .bias = &bias};
    const int64_t width = 3 * head_dim;
    const TestMatrix qkv = TestMatrix::Random(offsets.back(), 3 * width, 5);
    TestMatrix actual(offsets.back(), width);
    TestMatrix expected(offsets.back(), width);
    AttentionWorkspace workspace;
    Attention(qkv.view(), offsets, shape, workspace, actual.view());
    RefAttention(qkv.view(), offsets, shape, expected.view());
    // Adding a bias below 16 to a score rounds once more, which moves its weight by 16 eps.
    const double bound = Bound(qkv, shape) + 4.0 * 16.0 * kEps * 4.0;
    for (int64_t i = 0; i < offsets.back() * width; ++i) {
      ASSERT_NEAR(actual.data()[i], expected.data()[i], bound) << i;
    }
  }
}

TEST_P(AttentionTest, KeysWithinReachEqualTheTwin) {
  const std::vector<int64_t> offsets = Offsets({1, 7, 64, 131, 300});
  RelativeBias bias(2, 300);
  for (int64_t distance = -299; distance <= 299; ++distance) {
    bias.Set(0, distance, static_cast<float>(distance % 7));
    bias.Set(1, distance, static_cast<float>(distance % 3));
  }
  for (int64_t max_distance : {0, 1, 15, 16, 64, 200, 299, 300}) {
    for (const RelativeBias* used : std::vector<const RelativeBias*>{nullptr, &bias}) {
      const AttentionShape shape{
          .heads = 2, .head_dim = 12, .scale = 0.3f, .bias = used, .max_distance = max_distance};
      const TestMatrix qkv = TestMatrix::Random(offsets.back(), 72, 7);
      TestMatrix actual(offsets.back(), 24);
      TestMatrix expected(offsets.back(), 24);
      AttentionWorkspace workspace;
      Attention(qkv.view(), offsets, shape, workspace, actual.view());
      RefAttention(qkv.view(), offsets, shape, expected.view());
      // As in BiasEqualsTheTwin.
      const double bound = Bound(qkv, shape) + 4.0 * 16.0 * kEps * 4.0;
      for (int64_t i = 0; i < offsets.back() * 24; ++i) {
        ASSERT_NEAR(actual.data()[i], expected.data()[i], bound) << max_distance << ": " << i;
      }
    }
  }
}

// Were a key out of reach read, its value would show: it is far larger than those within.
TEST_P(AttentionTest, KeysOutOfReachHaveNoPart) {
  constexpr int64_t kTokens = 200;
  const AttentionShape shape{.heads = 1, .head_dim = 16, .scale = 0.25f, .max_distance = 5};
  TestMatrix qkv = TestMatrix::Random(kTokens, 48, 8);
  for (int64_t d = 0; d < 16; ++d) qkv.view().Row(100)[32 + d] = 1e20f;
  TestMatrix dst(kTokens, 16);
  AttentionWorkspace workspace;
  Attention(qkv.view(), Offsets({kTokens}), shape, workspace, dst.view());
  for (int64_t t = 0; t < kTokens; ++t) {
    const bool reaches = t >= 95 && t <= 105;
    EXPECT_EQ(std::abs(dst.at(t, 3)) > 1e15f, reaches) << t;
  }
}

TEST_P(AttentionTest, BiasPicksTheKeyAtItsDistance) {
  RelativeBias bias(2, 9);
  for (int64_t head = 0; head < 2; ++head) {
    for (int64_t distance = -8; distance <= 8; ++distance) bias.Set(head, distance, -1000.0f);
  }
  bias.Set(0, 0, 0.0f);   // head 0 looks at the token itself,
  bias.Set(1, -1, 0.0f);  // head 1 at the one before it
  const AttentionShape shape{.heads = 2, .head_dim = 16, .scale = 0.25f, .bias = &bias};
  const TestMatrix qkv = TestMatrix::Random(9, 96, 6);
  TestMatrix dst(9, 32);
  AttentionWorkspace workspace;
  Attention(qkv.view(), Offsets({9}), shape, workspace, dst.view());
  for (int64_t t = 1; t < 9; ++t) {
    EXPECT_TRUE(SameBits(dst.view().Row(t), qkv.view().Row(t) + 64, 16)) << t;
    EXPECT_TRUE(SameBits(dst.view().Row(t) + 16, qkv.view().Row(t - 1) + 80, 16)) << t;
  }
}

TEST_P(AttentionTest, SizesThatDisagreeAreABug) {
  TestMatrix qkv(4, 48);
  TestMatrix dst(4, 16);
  AttentionWorkspace workspace;
  const AttentionShape shape{.heads = 2, .head_dim = 16, .scale = 1.0f};
  EXPECT_THROW(Attention(qkv.view(), Offsets({4}), shape, workspace, dst.view()), Error);
  const RelativeBias bias(1, 3);
  const RelativeBias two_heads(2, 4);
  const AttentionShape backwards{.heads = 1, .head_dim = 16, .scale = 1.0f, .max_distance = -1};
  EXPECT_THROW(Attention(qkv.view(), Offsets({4}), backwards, workspace, dst.view()), Error);
  const AttentionShape other{.heads = 1, .head_dim = 16, .scale = 1.0f, .bias = &two_heads};
  EXPECT_THROW(Attention(qkv.view(), Offsets({4}), other, workspace, dst.view()), Error);
  const AttentionShape biased{.heads = 1, .head_dim = 16, .scale = 1.0f, .bias = &bias};
  EXPECT_THROW(Attention(qkv.view(), Offsets({4}), biased, workspace, dst.view()), Error);
}

}  // namespace
}  // namespace vecmill

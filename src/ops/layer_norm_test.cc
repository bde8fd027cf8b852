#include "ops/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

class LayerNormTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(LayerNormTest);

struct Case {
  int64_t hidden;
  float mean;
  float deviation;
};

// Sums of sixteen lanes over H terms err by at most c = (H / 16 + 8) eps of their terms' magnitude
// A; the mean by c A, a centred value by that and its own eps, the deviation relatively by 2 c (1 +
// A / deviation). Twice the sum of it covers the second order.
double Bound(const float* x, int64_t hidden, const LayerNormParams& params, int64_t i) {
  double mean = 0.0;
  double magnitude = 0.0;
  for (int64_t j = 0; j < hidden; ++j) {
    mean += static_cast<double>(x[j]) / static_cast<double>(hidden);
    magnitude = std::max(magnitude, std::abs(static_cast<double>(x[j])));
  }
  double variance = 0.0;
  for (int64_t j = 0; j < hidden; ++j) {
    const double centred = static_cast<double>(x[j]) - mean;
    variance += centred * centred / static_cast<double>(hidden);
  }
  const double deviation = std::sqrt(variance + static_cast<double>(params.eps));
  const double normal = std::abs(static_cast<double>(x[i]) - mean) / deviation;
  const double c = (static_cast<double>(hidden) / 16.0 + 8.0) * kEps;
  return 2.0 * c *
         (std::abs(static_cast<double>(params.gamma[i])) * (1.0 + 2.0 * normal) *
              (1.0 + magnitude / deviation) +
          std::abs(static_cast<double>(params.beta[i])));
}

TEST_P(LayerNormTest, EqualsTheTwin) {
  for (const auto& [hidden, mean, deviation] :
       {Case{1, 2.0f, 1.0f}, Case{15, 0.0f, 1.0f}, Case{16, 0.0f, 1e-3f}, Case{17, 5.0f, 1.0f},
        Case{48, -1.0f, 3.0f}, Case{384, 0.1f, 0.5f}, Case{769, 100.0f, 1.0f}}) {
    SCOPED_TRACE(testing::Message() << "hidden " << hidden);
    TestMatrix src = TestMatrix::Random(5, hidden, 1, deviation, /*padding=*/2);
    for (int64_t t = 0; t < 5; ++t) {
      for (int64_t j = 0; j < hidden; ++j) src.view().Row(t)[j] += mean;
    }
    const TestMatrix gamma = TestMatrix::Random(1, hidden, 2);
    const TestMatrix beta = TestMatrix::Random(1, hidden, 3);
    const LayerNormParams params{gamma.data(), beta.data(), 1e-12f};
    TestMatrix actual(5, hidden);
    TestMatrix expected(5, hidden);
    LayerNorm(src.view(), params, actual.view());
    RefLayerNorm(src.view(), {}, params, expected.view());
    for (int64_t t = 0; t < 5; ++t) {
      for (int64_t j = 0; j < hidden; ++j) {
        ASSERT_NEAR(actual.at(t, j), expected.at(t, j), Bound(src.view().Row(t), hidden, params, j))
            << "row " << t << " column " << j;
      }
    }
  }
}

TEST_P(LayerNormTest, ResidualIsAddedFirstAndDestinationMayBeEitherInput) {
  constexpr int64_t kHidden = 50;
  const TestMatrix src = TestMatrix::Random(3, kHidden, 4);
  const TestMatrix residual = TestMatrix::Random(3, kHidden, 5);
  const TestMatrix gamma = TestMatrix::Random(1, kHidden, 6);
  const TestMatrix beta = TestMatrix::Random(1, kHidden, 7);
  const LayerNormParams params{gamma.data(), beta.data(), 1e-5f};
  TestMatrix sum(3, kHidden);
  for (int64_t i = 0; i < 3 * kHidden; ++i) sum.data()[i] = src.data()[i] + residual.data()[i];
  TestMatrix expected(3, kHidden);
  LayerNorm(sum.view(), params, expected.view());

  TestMatrix apart(3, kHidden);
  AddLayerNorm(src.view(), residual.view(), params, apart.view());
  EXPECT_TRUE(SameBits(apart.data(), expected.data(), 3 * kHidden));
  TestMatrix over_src = src;
  AddLayerNorm(over_src.view(), residual.view(), params, over_src.view());
  EXPECT_TRUE(SameBits(over_src.data(), expected.data(), 3 * kHidden));
  TestMatrix over_residual = residual;
  AddLayerNorm(src.view(), over_residual.view(), params, over_residual.view());
  EXPECT_TRUE(SameBits(over_residual.data(), expected.data(), 3 * kHidden));
}

TEST_P(LayerNormTest, ConstantRowGivesBeta) {
  TestMatrix src(1, 20);
  std::fill_n(src.data(), 20, 3.0f);
  const TestMatrix gamma = TestMatrix::Random(1, 20, 8);
  const TestMatrix beta = TestMatrix::Random(1, 20, 9);
  LayerNorm(src.view(), {gamma.data(), beta.data(), 1e-12f}, src.view());
  EXPECT_TRUE(SameBits(src.data(), beta.data(), 20));
}

}  // namespace
}  // namespace vecmill

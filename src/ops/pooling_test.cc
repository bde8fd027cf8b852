#include "ops/pooling.h"

#include <cmath>
#include <functional>

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

class PoolingTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(PoolingTest);

struct Sizes {
  int64_t tokens;
  int64_t hidden;
};

const std::vector<Sizes> kShapes = {{1, 1}, {1, 16}, {2, 15}, {3, 17}, {12, 384}, {129, 100}};

using Pool = std::function<void(const float*, int64_t, int64_t, float*)>;

// `weight_of(t, n)` is what token t of n counts in the result.
template <typename WeightOf>
void ExpectEqualsTheTwin(const Pool& pool, const Pool& twin, const WeightOf& weight_of) {
  for (const auto& [tokens, hidden] : kShapes) {
    const TestMatrix src = TestMatrix::Random(tokens, hidden, 1);
    TestMatrix actual(1, hidden);
    TestMatrix expected(1, hidden);
    pool(src.data(), tokens, hidden, actual.data());
    twin(src.data(), tokens, hidden, expected.data());
    for (int64_t j = 0; j < hidden; ++j) {
      double magnitude = 0.0;
      for (int64_t t = 0; t < tokens; ++t) {
        magnitude += weight_of(t, tokens) * std::abs(static_cast<double>(src.at(t, j)));
      }
      // `tokens` additions, the divisor's rounding and a division.
      ASSERT_NEAR(actual.at(0, j), expected.at(0, j),
                  static_cast<double>(tokens + 3) * kEps * magnitude)
          << tokens << " tokens, column " << j << " of " << hidden;
    }
  }
}

TEST_P(PoolingTest, MeanEqualsTheTwin) {
  ExpectEqualsTheTwin(MeanPool, RefMeanPool,
                      [](int64_t, int64_t n) { return 1.0 / static_cast<double>(n); });
}

TEST_P(PoolingTest, MeanSqrtLenEqualsTheTwin) {
  ExpectEqualsTheTwin(MeanSqrtLenPool, RefMeanSqrtLenPool,
                      [](int64_t, int64_t n) { return 1.0 / std::sqrt(static_cast<double>(n)); });
}

TEST_P(PoolingTest, WeightedMeanEqualsTheTwin) {
  for (int64_t first : {1, 2, 40}) {
    ExpectEqualsTheTwin([&](const float* src, int64_t n, int64_t hidden,
                            float* dst) { WeightedMeanPool(src, n, hidden, first, dst); },
                        [&](const float* src, int64_t n, int64_t hidden, float* dst) {
                          RefWeightedMeanPool(src, n, hidden, first, dst);
                        },
                        [&](int64_t t, int64_t n) {
                          return 2.0 * static_cast<double>(t + first) /
                                 static_cast<double>(n * (n - 1 + 2 * first));
                        });
  }
}

TEST_P(PoolingTest, MaxIsExact) {
  for (const auto& [tokens, hidden] : kShapes) {
    const TestMatrix src = TestMatrix::Random(tokens, hidden, 2);
    TestMatrix actual(1, hidden);
    TestMatrix expected(1, hidden);
    MaxPool(src.data(), tokens, hidden, actual.data());
    RefMaxPool(src.data(), tokens, hidden, expected.data());
    EXPECT_TRUE(SameBits(actual.data(), expected.data(), hidden));
  }
}

TEST_P(PoolingTest, NormalisedVectorEqualsTheTwin) {
  for (const auto& [tokens, hidden] : kShapes) {
    for (float deviation : {1.0f, 1e-8f, 1e8f}) {
      TestMatrix actual = TestMatrix::Random(1, hidden, 3, deviation);
      TestMatrix expected = actual;
      L2Normalize(actual.data(), hidden);
      RefL2Normalize(expected.data(), hidden);
      // The sum of squares errs by (H / 16 + 8) eps, its root by half, the division by one more.
      const double bound = (static_cast<double>(hidden) / 32.0 + 6.0) * kEps;
      for (int64_t j = 0; j < hidden; ++j) {
        ASSERT_NEAR(actual.at(0, j), expected.at(0, j),
                    bound * std::abs(static_cast<double>(expected.at(0, j))));
      }
    }
  }
}

TEST_P(PoolingTest, NormalisingZeroGivesZero) {
  TestMatrix zero(1, 20);
  L2Normalize(zero.data(), 20);
  for (int64_t j = 0; j < 20; ++j) EXPECT_EQ(zero.at(0, j), 0.0f);
}

}  // namespace
}  // namespace vecmill

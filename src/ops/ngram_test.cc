#include "ops/ngram.h"

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

class NgramTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(NgramTest);

constexpr int64_t kSizes[] = {1, 15, 16, 17, 48, 70, 256};

TEST_P(NgramTest, DequantizeEqualsTheTwin) {
  for (int64_t size : kSizes) {
    std::vector<uint8_t> levels(static_cast<size_t>(size));
    for (size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<uint8_t>(i * 37);
    TestMatrix found(1, size, 1);
    TestMatrix expected(1, size, 1);
    Dequantize(levels.data(), 0.1868209f, -6.099286f, size, found.data());
    RefDequantize(levels.data(), 0.1868209f, -6.099286f, size, expected.data());
    for (int64_t j = 0; j < size; ++j) {
      // One rounding where there is a fused multiply-add, else two: of the product, at most 48,
      // and of the sum.
      EXPECT_NEAR(found.at(0, j), expected.at(0, j), kEps * 48.0) << size << " " << j;
    }
    EXPECT_EQ(found.data()[size], 0.0f) << "written behind the end";
  }
}

TEST_P(NgramTest, SumEqualsTheTwin) {
  for (int64_t size : kSizes) {
    for (int64_t num_terms : {0, 1, 2, 5}) {
      const TestMatrix rows = TestMatrix::Random(num_terms + 2, size, 3);
      const float* bias = rows.view().Row(num_terms);
      const float* residual = rows.view().Row(num_terms + 1);
      std::vector<const float*> terms;
      for (int64_t i = 0; i < num_terms; ++i) terms.push_back(rows.view().Row(i));
      TestMatrix found(1, size, 1);
      TestMatrix expected(1, size, 1);
      SumNgram(terms, bias, residual, size, found.data());
      RefSumNgram(terms, bias, residual, size, expected.data());
      for (int64_t j = 0; j < size; ++j) {
        double magnitude = 0;
        for (int64_t i = 0; i < num_terms + 2; ++i) {
          magnitude += std::abs(static_cast<double>(rows.at(i, j)));
        }
        const double bound = kEps * static_cast<double>(num_terms + 2) * magnitude;
        EXPECT_NEAR(found.at(0, j), expected.at(0, j), bound) << size << " " << j;
      }
      EXPECT_EQ(found.data()[size], 0.0f) << "written behind the end";
    }
  }
}

TEST_P(NgramTest, NegativeSumsLeaveTheResidual) {
  const float low[] = {-3.0f, 2.0f};
  const float bias[] = {1.0f, -1.0f};
  const float residual[] = {5.0f, 7.0f};
  const float* const terms[] = {low};
  float dst[2];
  SumNgram(terms, bias, residual, 2, dst);
  EXPECT_EQ(dst[0], 5.0f);
  EXPECT_EQ(dst[1], 8.0f);
}

}  // namespace
}  // namespace vecmill

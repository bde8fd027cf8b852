// ops/ops_fixture.h: for tests: random matrices, bounds of rounding errors, and every instruction
// set of this CPU in turn.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ops/highway_targets.h"
#include "ops/matrix_view.h"
// Highway after the choice of its targets.
#include "hwy/targets.h"

namespace vecmill {

constexpr double kEps = 0x1p-23;  // twice the largest relative error of one f32 operation

// An owned matrix whose rows lie `padding` floats further apart than they are long.
class TestMatrix {
 public:
  TestMatrix(int64_t rows, int64_t cols, int64_t padding = 0)
      : rows_(rows),
        cols_(cols),
        stride_(cols + padding),
        values_(static_cast<size_t>(rows * stride_)) {}

  // Normal values of this standard deviation, the same for the same seed.
  static TestMatrix Random(int64_t rows, int64_t cols, unsigned seed, float deviation = 1.0f,
                           int64_t padding = 0) {
    TestMatrix matrix(rows, cols, padding);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, deviation);
    for (float& value : matrix.values_) value = normal(random);
    return matrix;
  }

  Matrix view() { return {values_.data(), rows_, cols_, stride_}; }
  ConstMatrix view() const { return {values_.data(), rows_, cols_, stride_}; }
  float* data() { return values_.data(); }
  const float* data() const { return values_.data(); }
  int64_t size() const { return rows_ * stride_; }
  float at(int64_t i, int64_t j) const { return view().Row(i)[j]; }

 private:
  int64_t rows_;
  int64_t cols_;
  int64_t stride_;
  std::vector<float> values_;
};

inline bool SameBits(const float* a, const float* b, int64_t count) {
  return std::memcmp(a, b, static_cast<size_t>(count) * sizeof(float)) == 0;
}

inline bool SameBits(const TestMatrix& a, const TestMatrix& b) {
  return a.size() == b.size() && SameBits(a.data(), b.data(), a.size());
}

// Tests of this suite run once for every instruction set that was compiled and that this CPU has.
class EveryTarget : public testing::TestWithParam<int64_t> {
 protected:
  EveryTarget() { hwy::GetChosenTarget().Update(GetParam()); }
  ~EveryTarget() override { hwy::GetChosenTarget().DeInit(); }
};

// Targets with fused multiply-add promise each other's bits (docs/numerics.md).
inline bool HasFusedMultiplyAdd(int64_t target) { return target <= HWY_AVX2 || target == HWY_NEON; }

inline std::string TargetLabel(const testing::TestParamInfo<int64_t>& info) {
  return hwy::TargetName(info.param);
}

#define VECMILL_FOR_EVERY_TARGET(Suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(, Suite, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()), \
                           TargetLabel)

}  // namespace vecmill

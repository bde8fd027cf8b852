#include "ops/pooling.h"

#include <algorithm>
#include <cmath>

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/pooling.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// dst = the sum of the rows / divisor
void SumOfRows(const float* src, int64_t num_tokens, int64_t hidden, float divisor, float* dst) {
  const Lanes divisors = Broadcast(divisor);
  for (int64_t j = 0; j < hidden; j += kLanes) {
    Lanes sum = Broadcast(0.0f);
    for (int64_t t = 0; t < num_tokens; ++t) {
      sum = Add(sum, LoadUpTo(src + t * hidden + j, hidden - j));
    }
    StoreUpTo(Div(sum, divisors), hidden - j, dst + j);
  }
}

void WeightedMeanOfRows(const float* src, int64_t num_tokens, int64_t hidden, int64_t first,
                        float* dst) {
  const auto count = static_cast<float>(num_tokens);
  const Lanes divisors = Broadcast(count * (count - 1.0f + static_cast<float>(2 * first)) / 2.0f);
  for (int64_t j = 0; j < hidden; j += kLanes) {
    Lanes sum = Broadcast(0.0f);
    for (int64_t t = 0; t < num_tokens; ++t) {
      const Lanes weights = Broadcast(static_cast<float>(first + t));
      sum = MulAdd(weights, LoadUpTo(src + t * hidden + j, hidden - j), sum);
    }
    StoreUpTo(Div(sum, divisors), hidden - j, dst + j);
  }
}

void MaxOfRows(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; j += kLanes) {
    Lanes max = LoadUpTo(src + j, hidden - j);
    for (int64_t t = 1; t < num_tokens; ++t) {
      max = Max(max, LoadUpTo(src + t * hidden + j, hidden - j));
    }
    StoreUpTo(max, hidden - j, dst + j);
  }
}

void ScaleToUnitLength(float* x, int64_t hidden) {
  Lanes squares = Broadcast(0.0f);
  for (int64_t j = 0; j < hidden; j += kLanes) {
    const Lanes part = LoadUpTo(x + j, hidden - j);
    squares = MulAdd(part, part, squares);
  }
  const Lanes norm = Broadcast(std::max(std::sqrt(SumOfLanes(squares)), 1e-12f));
  for (int64_t j = 0; j < hidden; j += kLanes) {
    StoreUpTo(Div(LoadUpTo(x + j, hidden - j), norm), hidden - j, x + j);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(SumOfRows);
HWY_EXPORT(WeightedMeanOfRows);
HWY_EXPORT(MaxOfRows);
HWY_EXPORT(ScaleToUnitLength);

void MeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept {
  const auto divisor = static_cast<float>(num_tokens);
  HWY_DYNAMIC_DISPATCH(SumOfRows)(src, num_tokens, hidden, divisor, dst);
}

void MeanSqrtLenPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept {
  const float divisor = std::sqrt(static_cast<float>(num_tokens));
  HWY_DYNAMIC_DISPATCH(SumOfRows)(src, num_tokens, hidden, divisor, dst);
}

void WeightedMeanPool(const float* src, int64_t num_tokens, int64_t hidden, int64_t first,
                      float* dst) noexcept {
  HWY_DYNAMIC_DISPATCH(WeightedMeanOfRows)(src, num_tokens, hidden, first, dst);
}

void MaxPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept {
  HWY_DYNAMIC_DISPATCH(MaxOfRows)(src, num_tokens, hidden, dst);
}

void L2Normalize(float* x, int64_t hidden) noexcept {
  HWY_DYNAMIC_DISPATCH(ScaleToUnitLength)(x, hidden);
}

}  // namespace vecmill
#endif  // HWY_ONCE

// ops/layer_norm-inl.h: LayerNorm of one row, for what produces rows.
#if defined(VECMILL_OPS_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef VECMILL_OPS_LAYER_NORM_INL_H_
#undef VECMILL_OPS_LAYER_NORM_INL_H_
#else
#define VECMILL_OPS_LAYER_NORM_INL_H_
#endif

#include <cmath>

#include "ops/lanes-inl.h"
#include "ops/layer_norm.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// row [hidden] = LayerNorm(row). Three passes over a row that is in the first level cache.
HWY_INLINE void NormalizeRow(float* row, int64_t hidden, const LayerNormParams& params) {
  Lanes sum = Broadcast(0.0f);
  for (int64_t i = 0; i < hidden; i += kLanes) sum = Add(sum, LoadUpTo(row + i, hidden - i));
  const float mean = SumOfLanes(sum) / static_cast<float>(hidden);

  const Lanes means = Broadcast(mean);
  Lanes squares = Broadcast(0.0f);
  for (int64_t i = 0; i < hidden; i += kLanes) {
    const Lanes centred = Sub(LoadUpTo(row + i, hidden - i, mean), means);
    squares = MulAdd(centred, centred, squares);
  }
  const float variance = SumOfLanes(squares) / static_cast<float>(hidden);

  const Lanes scales = Broadcast(1.0f / std::sqrt(variance + params.eps));
  for (int64_t i = 0; i < hidden; i += kLanes) {
    const Lanes normal = Mul(Sub(LoadUpTo(row + i, hidden - i), means), scales);
    const Lanes gamma = LoadUpTo(params.gamma + i, hidden - i);
    const Lanes beta = LoadUpTo(params.beta + i, hidden - i);
    StoreUpTo(MulAdd(normal, gamma, beta), hidden - i, row + i);
  }
}

// dst [size] = a + b; dst may be a or b.
HWY_INLINE void AddRows(const float* a, const float* b, int64_t size, float* dst) {
  for (int64_t i = 0; i < size; i += kLanes) {
    StoreUpTo(Add(LoadUpTo(a + i, size - i), LoadUpTo(b + i, size - i)), size - i, dst + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#endif  // VECMILL_OPS_LAYER_NORM_INL_H_

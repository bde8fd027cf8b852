#include "ops/layer_norm.h"

#include <algorithm>

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/layer_norm.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/layer_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

void NormalizeRows(ConstMatrix src, ConstMatrix residual, const LayerNormParams& params,
                   Matrix dst) {
  for (int64_t t = 0; t < src.rows; ++t) {
    if (residual.data != nullptr) {
      AddRows(src.Row(t), residual.Row(t), src.cols, dst.Row(t));
    } else if (src.Row(t) != dst.Row(t)) {
      std::copy_n(src.Row(t), src.cols, dst.Row(t));
    }
    NormalizeRow(dst.Row(t), src.cols, params);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(NormalizeRows);

void LayerNorm(ConstMatrix src, const LayerNormParams& params, Matrix dst) noexcept {
  HWY_DYNAMIC_DISPATCH(NormalizeRows)(src, ConstMatrix{}, params, dst);
}

void AddLayerNorm(ConstMatrix src, ConstMatrix residual, const LayerNormParams& params,
                  Matrix dst) noexcept {
  HWY_DYNAMIC_DISPATCH(NormalizeRows)(src, residual, params, dst);
}

}  // namespace vecmill
#endif  // HWY_ONCE

// ops/layer_norm.h: normalise each row of a matrix, or of the sum of two.
//
//   x[t, :] = src[t, :] + residual[t, :]
//   dst[t, :] = (x[t, :] - mean_t) / sqrt(var_t + eps) * gamma + beta
//
// Source:   Ba, Kiros, Hinton 2016, arXiv:1607.06450; eps inside the root, the variance over H, as
//           torch.nn.LayerNorm.
// Shapes:   src, residual, dst [T, H] f32, gamma, beta [H]. dst may be src or residual, not
//           overlap them otherwise.
// Numerics: two passes, f32, sums in sixteen lanes (lanes-inl.h). |error| vs RefLayerNorm (f64) is
//           bounded in layer_norm_test.cc.
// Threads:  one.
// Errors:   none.
// Tested by layer_norm_test.cc.
#pragma once

#include "ops/matrix_view.h"

namespace vecmill {

// Borrowed; both [H].
struct LayerNormParams {
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float eps = 0.0f;
};

void LayerNorm(ConstMatrix src, const LayerNormParams& params, Matrix dst) noexcept;
void AddLayerNorm(ConstMatrix src, ConstMatrix residual, const LayerNormParams& params,
                  Matrix dst) noexcept;

// The twin of both, in double precision; residual.data may be null.
void RefLayerNorm(ConstMatrix src, ConstMatrix residual, const LayerNormParams& params, Matrix dst);

}  // namespace vecmill

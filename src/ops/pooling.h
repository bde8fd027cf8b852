// ops/pooling.h: one vector from the hidden states of one sequence.
//
//   MeanPool          dst[j] = sum over t of src[t, j] / num_tokens, t ascending
//   MeanSqrtLenPool   dst[j] = sum over t of src[t, j] / sqrt(num_tokens)
//   WeightedMeanPool  dst[j] = sum over t of w_t src[t, j] / sum over t of w_t, w_t = first + t
//   MaxPool           dst[j] = max over t of src[t, j]
//   L2Normalize       x[j] = x[j] / max(||x||, 1e-12), as torch.nn.functional.normalize
//
// Source:   the pooling modes of sentence_transformers 6.2; L2Normalize as its Normalize module.
//
// Shapes:   src [num_tokens, hidden] row-major, num_tokens >= 1; dst, x [hidden]; first >= 1.
// Numerics: f32; the norm in sixteen lanes (lanes-inl.h). Bounds in pooling_test.cc.
// Threads:  one.
// Errors:   none.
// Tested by pooling_test.cc.
#pragma once

#include <cstdint>

namespace vecmill {

void MeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept;
void MeanSqrtLenPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept;
void WeightedMeanPool(const float* src, int64_t num_tokens, int64_t hidden, int64_t first,
                      float* dst) noexcept;
void MaxPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) noexcept;
void L2Normalize(float* x, int64_t hidden) noexcept;

// The twins of those that compute, in double precision.
void RefMeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst);
void RefMeanSqrtLenPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst);
void RefWeightedMeanPool(const float* src, int64_t num_tokens, int64_t hidden, int64_t first,
                         float* dst);
void RefMaxPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst);
void RefL2Normalize(float* x, int64_t hidden);

}  // namespace vecmill

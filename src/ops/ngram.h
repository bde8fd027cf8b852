// ops/ngram.h: what an n-gram encoder computes beside its matrix products, for one row.
//
//   Dequantize   dst[j] = low + scale * src[j]
//   SumNgram     dst[j] = residual[j] + max(0, bias[j] + terms[0][j] + terms[1][j] + ...)
//
// Shapes:   all [size]; dst overlaps none of the others. `terms` are the products of an n-gram's
//           tokens with their slice of a convolution's weight; those outside the text are left out.
// Numerics: f32; Dequantize is one fused multiply-add, the terms are added one after the other.
//           Bounds in ngram_test.cc.
// Threads:  one.
// Errors:   none.
// Tested by ngram_test.cc.
#pragma once

#include <cstdint>
#include <span>

namespace vecmill {

void Dequantize(const uint8_t* src, float scale, float low, int64_t size, float* dst) noexcept;
void SumNgram(std::span<const float* const> terms, const float* bias, const float* residual,
              int64_t size, float* dst) noexcept;

// The twins, in double precision.
void RefDequantize(const uint8_t* src, float scale, float low, int64_t size, float* dst);
void RefSumNgram(std::span<const float* const> terms, const float* bias, const float* residual,
                 int64_t size, float* dst);

}  // namespace vecmill

#include <algorithm>

#include "ops/ngram.h"

namespace vecmill {

void RefDequantize(const uint8_t* src, float scale, float low, int64_t size, float* dst) {
  for (int64_t j = 0; j < size; ++j) {
    dst[j] = static_cast<float>(static_cast<double>(low) +
                                static_cast<double>(scale) * static_cast<double>(src[j]));
  }
}

void RefSumNgram(std::span<const float* const> terms, const float* bias, const float* residual,
                 int64_t size, float* dst) {
  for (int64_t j = 0; j < size; ++j) {
    double sum = static_cast<double>(bias[j]);
    for (const float* term : terms) sum += static_cast<double>(term[j]);
    dst[j] = static_cast<float>(static_cast<double>(residual[j]) + std::max(sum, 0.0));
  }
}

}  // namespace vecmill

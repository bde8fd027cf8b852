#include <algorithm>
#include <cmath>

#include "ops/pooling.h"

namespace vecmill {

namespace {

// The weight of token t is 1, or t + 1.
double WeightedSum(const float* src, int64_t num_tokens, int64_t hidden, int64_t column,
                   bool by_position) {
  double sum = 0.0;
  for (int64_t t = 0; t < num_tokens; ++t) {
    const double weight = by_position ? static_cast<double>(t + 1) : 1.0;
    sum += weight * static_cast<double>(src[t * hidden + column]);
  }
  return sum;
}

}  // namespace

void RefMeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] = static_cast<float>(WeightedSum(src, num_tokens, hidden, j, /*by_position=*/false) /
                                static_cast<double>(num_tokens));
  }
}

void RefMeanSqrtLenPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] = static_cast<float>(WeightedSum(src, num_tokens, hidden, j, /*by_position=*/false) /
                                std::sqrt(static_cast<double>(num_tokens)));
  }
}

void RefWeightedMeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  const auto count = static_cast<double>(num_tokens);
  const double weights = count * (count + 1.0) / 2.0;
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] =
        static_cast<float>(WeightedSum(src, num_tokens, hidden, j, /*by_position=*/true) / weights);
  }
}

void RefMaxPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] = src[j];
    for (int64_t t = 1; t < num_tokens; ++t) dst[j] = std::max(dst[j], src[t * hidden + j]);
  }
}

void RefL2Normalize(float* x, int64_t hidden) {
  double square = 0.0;
  for (int64_t j = 0; j < hidden; ++j) {
    square += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  }
  const double norm = std::max(std::sqrt(square), 1e-12);
  for (int64_t j = 0; j < hidden; ++j) {
    x[j] = static_cast<float>(static_cast<double>(x[j]) / norm);
  }
}

}  // namespace vecmill

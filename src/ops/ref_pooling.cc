#include <algorithm>
#include <cmath>

#include "ops/pooling.h"

namespace vecmill {

namespace {

double Sum(const float* src, int64_t num_tokens, int64_t hidden, int64_t column) {
  double sum = 0.0;
  for (int64_t t = 0; t < num_tokens; ++t) {
    sum += static_cast<double>(src[t * hidden + column]);
  }
  return sum;
}

}  // namespace

void RefMeanPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] = static_cast<float>(Sum(src, num_tokens, hidden, j) / static_cast<double>(num_tokens));
  }
}

void RefMeanSqrtLenPool(const float* src, int64_t num_tokens, int64_t hidden, float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    dst[j] = static_cast<float>(Sum(src, num_tokens, hidden, j) /
                                std::sqrt(static_cast<double>(num_tokens)));
  }
}

void RefWeightedMeanPool(const float* src, int64_t num_tokens, int64_t hidden, int64_t first,
                         float* dst) {
  for (int64_t j = 0; j < hidden; ++j) {
    double sum = 0.0;
    double weights = 0.0;
    for (int64_t t = 0; t < num_tokens; ++t) {
      const auto weight = static_cast<double>(first + t);
      sum += weight * static_cast<double>(src[t * hidden + j]);
      weights += weight;
    }
    dst[j] = static_cast<float>(sum / weights);
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

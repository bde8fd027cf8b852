#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "ops/attention.h"

namespace vecmill {
namespace {

double Dot(const float* a, const float* b, int64_t size) {
  double sum = 0.0;
  for (int64_t i = 0; i < size; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

void RefAttention(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
                  Matrix dst) {
  const int64_t dim = shape.head_dim;
  const int64_t width = shape.heads * dim;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    std::vector<double> weights(static_cast<size_t>(offsets[i + 1] - offsets[i]));
    for (int64_t head = 0; head < width; head += dim) {
      for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t) {
        double max = -HUGE_VAL;
        for (size_t s = 0; s < weights.size(); ++s) {
          const float* key = qkv.Row(offsets[i] + static_cast<int64_t>(s)) + width + head;
          weights[s] = static_cast<double>(shape.scale) * Dot(qkv.Row(t) + head, key, dim);
          if (shape.bias != nullptr) {
            weights[s] += static_cast<double>(shape.bias->Row(head / dim, t - offsets[i])[s]);
          }
          const int64_t query = t - offsets[i];
          if (std::abs(static_cast<int64_t>(s) - query) > shape.max_distance) {
            weights[s] = -HUGE_VAL;
          }
          max = std::max(max, weights[s]);
        }
        double sum = 0.0;
        for (double& weight : weights) sum += weight = std::exp(weight - max);
        for (int64_t d = head; d < head + dim; ++d) {
          double value = 0.0;
          for (size_t s = 0; s < weights.size(); ++s) {
            const float* values = qkv.Row(offsets[i] + static_cast<int64_t>(s)) + 2 * width;
            value += weights[s] / sum * static_cast<double>(values[d]);
          }
          dst.Row(t)[d] = static_cast<float>(value);
        }
      }
    }
  }
}

}  // namespace vecmill

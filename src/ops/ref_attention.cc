#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/attention.h"

namespace vecmill {

void RefAttention(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
                  Matrix dst) {
  const int64_t width = shape.heads * shape.head_dim;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const int64_t begin = offsets[i];
    const int64_t end = offsets[i + 1];
    std::vector<double> weights(static_cast<size_t>(end - begin));
    for (int64_t column = 0; column < width; ++column) {
      const int64_t head_begin = column / shape.head_dim * shape.head_dim;
      for (int64_t t = begin; t < end; ++t) {
        double max = -HUGE_VAL;
        for (int64_t s = begin; s < end; ++s) {
          double score = 0.0;
          for (int64_t d = head_begin; d < head_begin + shape.head_dim; ++d) {
            score +=
                static_cast<double>(qkv.Row(t)[d]) * static_cast<double>(qkv.Row(s)[width + d]);
          }
          weights[static_cast<size_t>(s - begin)] = score * static_cast<double>(shape.scale);
          max = std::max(max, score * static_cast<double>(shape.scale));
        }
        double sum = 0.0;
        double weighted = 0.0;
        for (int64_t s = begin; s < end; ++s) {
          const double weight = std::exp(weights[static_cast<size_t>(s - begin)] - max);
          sum += weight;
          weighted += weight * static_cast<double>(qkv.Row(s)[2 * width + column]);
        }
        dst.Row(t)[column] = static_cast<float>(weighted / sum);
      }
    }
  }
}

}  // namespace vecmill

#include <cmath>

#include "ops/rotary.h"

namespace vecmill {

void RefRotate(const RotaryTable& table, std::span<const int64_t> offsets, Matrix qkv) {
  const int64_t half = table.head_dim() / 2;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      for (int64_t j = 0; j < qkv.cols / 3 * 2; ++j) {
        const int64_t d = j % table.head_dim();
        if (d >= half) continue;
        const auto cos = static_cast<double>(table.Cos(t - offsets[i])[d]);
        const auto sin = static_cast<double>(table.Sin(t - offsets[i])[d]);
        float* x = qkv.Row(t) + j;
        const auto first = static_cast<double>(x[0]);
        const auto second = static_cast<double>(x[half]);
        x[0] = static_cast<float>(first * cos - second * sin);
        x[half] = static_cast<float>(second * cos + first * sin);
      }
    }
  }
}

}  // namespace vecmill

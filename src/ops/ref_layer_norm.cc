#include <cmath>
#include <vector>

#include "ops/layer_norm.h"

namespace vecmill {

void RefLayerNorm(ConstMatrix src, ConstMatrix residual, const LayerNormParams& params,
                  Matrix dst) {
  std::vector<double> x(static_cast<size_t>(src.cols));
  const auto hidden = static_cast<double>(src.cols);
  for (int64_t t = 0; t < src.rows; ++t) {
    double mean = 0.0;
    for (int64_t i = 0; i < src.cols; ++i) {
      double& value = x[static_cast<size_t>(i)];
      value = static_cast<double>(src.Row(t)[i]);
      if (residual.data != nullptr) value += static_cast<double>(residual.Row(t)[i]);
      mean += value / hidden;
    }
    double variance = 0.0;
    for (double value : x) variance += (value - mean) * (value - mean) / hidden;
    const double scale = 1.0 / std::sqrt(variance + static_cast<double>(params.eps));
    for (int64_t i = 0; i < src.cols; ++i) {
      const double normal = (x[static_cast<size_t>(i)] - mean) * scale;
      dst.Row(t)[i] = static_cast<float>(normal * static_cast<double>(params.gamma[i]) +
                                         static_cast<double>(params.beta[i]));
    }
  }
}

}  // namespace vecmill

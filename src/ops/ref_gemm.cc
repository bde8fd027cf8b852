#include "ops/gemm.h"

namespace vecmill {

void RefGemm(ConstMatrix a, ConstMatrix weight, const float* bias, Nonlinearity f, Matrix c) {
  for (int64_t m = 0; m < a.rows; ++m) {
    for (int64_t n = 0; n < weight.rows; ++n) {
      double sum = static_cast<double>(bias[n]);
      for (int64_t k = 0; k < a.cols; ++k) {
        sum += static_cast<double>(a.Row(m)[k]) * static_cast<double>(weight.Row(n)[k]);
      }
      c.Row(m)[n] = static_cast<float>(RefNonlinearity(f, sum));
    }
  }
}

}  // namespace vecmill

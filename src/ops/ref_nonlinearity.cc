#include <cmath>
#include <numbers>

#include "ops/nonlinearity.h"

namespace vecmill {

double RefNonlinearity(Nonlinearity f, double x) {
  switch (f) {
    case Nonlinearity::kNone:
      return x;
    case Nonlinearity::kGelu:
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    case Nonlinearity::kGeluTanh: {
      const double y = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
      return 0.5 * x * (1.0 + std::tanh(y));
    }
    case Nonlinearity::kRelu:
      return x > 0.0 ? x : 0.0;
    case Nonlinearity::kSilu:
      return x / (1.0 + std::exp(-x));
    case Nonlinearity::kTanh:
      return std::tanh(x);
  }
  return x;
}

}  // namespace vecmill

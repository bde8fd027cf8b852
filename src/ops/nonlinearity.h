// ops/nonlinearity.h: the functions between the feed-forward matrices, element by element.
//
//   kGelu      x * Phi(x), Phi the normal distribution function. Hendrycks, Gimpel 2016,
//              arXiv:1606.08415; torch.nn.GELU().
//   kGeluTanh  x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2; torch.nn.GELU("tanh"),
//              "gelu_new" of BERT configurations.
//   kRelu      max(x, 0)
//   kSilu      x / (1 + exp(-x)); Elfwing, Uchibe, Doya 2017, arXiv:1702.03118; torch.nn.SiLU().
//   kTanh      tanh(x)
//
// Numerics: f32, |result - exact| <= 4e-7 |x| for both GELUs and SiLU, 4e-7 for tanh (asserted in
//           the test).
// Threads:  one.
// Errors:   none; infinities and NaN go through without a trap.
// Tested by nonlinearity_test.cc.
#pragma once

#include <cstdint>

namespace vecmill {

enum class Nonlinearity { kNone, kGelu, kGeluTanh, kRelu, kSilu, kTanh };

// x[i] = f(x[i]) for i in [0, size).
void ApplyNonlinearity(Nonlinearity f, float* x, int64_t size) noexcept;

// The twin of one element, in double precision.
double RefNonlinearity(Nonlinearity f, double x);

}  // namespace vecmill

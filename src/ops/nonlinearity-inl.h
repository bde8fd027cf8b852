// ops/nonlinearity-inl.h: a nonlinearity over a part of a matrix, for the ends of matrix products.
#if defined(VECMILL_OPS_NONLINEARITY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef VECMILL_OPS_NONLINEARITY_INL_H_
#undef VECMILL_OPS_NONLINEARITY_INL_H_
#else
#define VECMILL_OPS_NONLINEARITY_INL_H_
#endif

#include "ops/math-inl.h"
#include "ops/matrix_view.h"
#include "ops/nonlinearity.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

template <Nonlinearity kF>
HWY_INLINE Lanes ApplyToLanes(Lanes x) {
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) {
    if constexpr (kF == Nonlinearity::kGelu) x.vec[i] = Gelu(x.vec[i]);
    if constexpr (kF == Nonlinearity::kGeluTanh) x.vec[i] = GeluTanh(x.vec[i]);
    if constexpr (kF == Nonlinearity::kRelu) x.vec[i] = Relu(x.vec[i]);
    if constexpr (kF == Nonlinearity::kSilu) x.vec[i] = Silu(x.vec[i]);
    if constexpr (kF == Nonlinearity::kTanh) x.vec[i] = Tanh(x.vec[i]);
  }
  return x;
}

template <Nonlinearity kF>
void ApplyToRows(Matrix x) {
  for (int64_t i = 0; i < x.rows; ++i) {
    float* row = x.Row(i);
    for (int64_t j = 0; j < x.cols; j += kLanes) {
      StoreUpTo(ApplyToLanes<kF>(LoadUpTo(row + j, x.cols - j)), x.cols - j, row + j);
    }
  }
}

HWY_INLINE void ApplyToMatrix(Nonlinearity f, Matrix x) {
  switch (f) {
    case Nonlinearity::kNone:
      return;
    case Nonlinearity::kGelu:
      return ApplyToRows<Nonlinearity::kGelu>(x);
    case Nonlinearity::kGeluTanh:
      return ApplyToRows<Nonlinearity::kGeluTanh>(x);
    case Nonlinearity::kRelu:
      return ApplyToRows<Nonlinearity::kRelu>(x);
    case Nonlinearity::kSilu:
      return ApplyToRows<Nonlinearity::kSilu>(x);
    case Nonlinearity::kTanh:
      return ApplyToRows<Nonlinearity::kTanh>(x);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#endif  // VECMILL_OPS_NONLINEARITY_INL_H_

#include "ops/elementwise.h"

#include "base/check.h"
#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/elementwise.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// dst = f(dst, src)
template <typename F>
void Combine(F f, ConstMatrix src, Matrix dst) {
  for (int64_t t = 0; t < dst.rows; ++t) {
    const float* from = src.Row(t);
    float* to = dst.Row(t);
    for (int64_t i = 0; i < dst.cols; i += kLanes) {
      const int64_t count = dst.cols - i;
      StoreUpTo(f(LoadUpTo(to + i, count), LoadUpTo(from + i, count)), count, to + i);
    }
  }
}

void AddRowsTo(ConstMatrix src, Matrix dst) {
  Combine([](const Lanes& a, const Lanes& b) HWY_ATTR { return Add(a, b); }, src, dst);
}

void MultiplyRowsBy(ConstMatrix src, Matrix dst) {
  Combine([](const Lanes& a, const Lanes& b) HWY_ATTR { return Mul(a, b); }, src, dst);
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(AddRowsTo);
HWY_EXPORT(MultiplyRowsBy);

void AddTo(ConstMatrix src, Matrix dst) {
  VECMILL_CHECK(src.rows == dst.rows && src.cols == dst.cols);
  HWY_DYNAMIC_DISPATCH(AddRowsTo)(src, dst);
}

void MultiplyBy(ConstMatrix src, Matrix dst) {
  VECMILL_CHECK(src.rows == dst.rows && src.cols == dst.cols);
  HWY_DYNAMIC_DISPATCH(MultiplyRowsBy)(src, dst);
}

}  // namespace vecmill
#endif  // HWY_ONCE

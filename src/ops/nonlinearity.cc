#include "ops/nonlinearity.h"

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/nonlinearity.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/nonlinearity-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

void ApplyToArray(Nonlinearity f, float* x, int64_t size) {
  ApplyToMatrix(f, Matrix{.data = x, .rows = 1, .cols = size, .stride = size});
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(ApplyToArray);

void ApplyNonlinearity(Nonlinearity f, float* x, int64_t size) noexcept {
  HWY_DYNAMIC_DISPATCH(ApplyToArray)(f, x, size);
}

}  // namespace vecmill
#endif  // HWY_ONCE

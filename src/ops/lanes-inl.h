// ops/lanes-inl.h: sixteen float lanes, the unit in which every kernel of this room works.
//
// Sixteen lanes are one register with AVX-512, two with AVX2, four with NEON and SSE. Sums and
// maxima are taken per lane and then over the lanes by one fixed tree, so the width of the
// registers does not show in the result: CPUs that have fused multiply-add give the same bits
// (docs/numerics.md).
//
// Included once per instruction set by Highway's foreach_target.h.
#if defined(VECMILL_OPS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef VECMILL_OPS_LANES_INL_H_
#undef VECMILL_OPS_LANES_INL_H_
#else
#define VECMILL_OPS_LANES_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

// Unroll the loop that follows whole, so that arrays of registers stay in registers.
#ifndef VECMILL_UNROLL
#if defined(__clang__)
#define VECMILL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VECMILL_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using VecTag = hn::CappedTag<float, 16>;
using Vec = hn::Vec<VecTag>;

constexpr int64_t kLanes = 16;
constexpr int64_t kVecLanes = hn::MaxLanes(VecTag());
constexpr int kVecs = static_cast<int>(kLanes / kVecLanes);  // registers that make sixteen lanes

struct Lanes {
  HWY_INLINE Lanes() {}  // an implicit one would lack the target attributes of this region
  Vec vec[kVecs];
};

HWY_INLINE Lanes Broadcast(float value) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Set(VecTag(), value);
  return r;
}

HWY_INLINE Lanes Load(const float* src) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::LoadU(VecTag(), src + i * kVecLanes);
  return r;
}

HWY_INLINE void Store(const Lanes& x, float* dst) {
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) hn::StoreU(x.vec[i], VecTag(), dst + i * kVecLanes);
}

// The first `count` < 16 lanes from src, the others `fill`.
inline HWY_NOINLINE Lanes LoadFirst(const float* src, int64_t count, float fill) {
  HWY_ALIGN float all[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) all[i] = i < count ? src[i] : fill;
  return Load(all);
}

inline HWY_NOINLINE void StoreFirst(const Lanes& x, int64_t count, float* dst) {
  HWY_ALIGN float all[kLanes];
  Store(x, all);
  for (int64_t i = 0; i < count; ++i) dst[i] = all[i];
}

// Sixteen lanes, or the `count` that are left at the end of a row.
HWY_INLINE Lanes LoadUpTo(const float* src, int64_t count, float fill = 0.0f) {
  return HWY_LIKELY(count >= kLanes) ? Load(src) : LoadFirst(src, count, fill);
}

HWY_INLINE void StoreUpTo(const Lanes& x, int64_t count, float* dst) {
  if (HWY_LIKELY(count >= kLanes)) {
    Store(x, dst);
  } else {
    StoreFirst(x, count, dst);
  }
}

HWY_INLINE Lanes Add(const Lanes& a, const Lanes& b) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Add(a.vec[i], b.vec[i]);
  return r;
}

HWY_INLINE Lanes Sub(const Lanes& a, const Lanes& b) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Sub(a.vec[i], b.vec[i]);
  return r;
}

HWY_INLINE Lanes Mul(const Lanes& a, const Lanes& b) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Mul(a.vec[i], b.vec[i]);
  return r;
}

HWY_INLINE Lanes Div(const Lanes& a, const Lanes& b) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Div(a.vec[i], b.vec[i]);
  return r;
}

HWY_INLINE Lanes Max(const Lanes& a, const Lanes& b) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::Max(a.vec[i], b.vec[i]);
  return r;
}

// a * b + c
HWY_INLINE Lanes MulAdd(const Lanes& a, const Lanes& b, const Lanes& c) {
  Lanes r;
  VECMILL_UNROLL
  for (int i = 0; i < kVecs; ++i) r.vec[i] = hn::MulAdd(a.vec[i], b.vec[i], c.vec[i]);
  return r;
}

// Four lanes where a register has them: the scalar fallback has one.
using QuarterTag = hn::CappedTag<float, 4>;
constexpr int64_t kQuarterLanes = hn::MaxLanes(QuarterTag());

// The fixed tree: lane i + lane i+8, then i + i+4, i + i+2, i + i+1.
HWY_INLINE float SumOfLanes(const Lanes& x) {
  const QuarterTag d;
  HWY_ALIGN float all[kLanes];
  Store(x, all);
  VECMILL_UNROLL
  for (int64_t i = 0; i < 4; i += kQuarterLanes) {
    const auto even = hn::Add(hn::Load(d, all + i), hn::Load(d, all + 8 + i));
    const auto odd = hn::Add(hn::Load(d, all + 4 + i), hn::Load(d, all + 12 + i));
    hn::Store(hn::Add(even, odd), d, all + i);
  }
  return (all[0] + all[2]) + (all[1] + all[3]);
}

// The largest lane. No lane may be NaN.
HWY_INLINE float MaxOfLanes(const Lanes& x) {
  const QuarterTag d;
  HWY_ALIGN float all[kLanes];
  Store(x, all);
  VECMILL_UNROLL
  for (int64_t i = 0; i < 4; i += kQuarterLanes) {
    const auto even = hn::Max(hn::Load(d, all + i), hn::Load(d, all + 8 + i));
    const auto odd = hn::Max(hn::Load(d, all + 4 + i), hn::Load(d, all + 12 + i));
    hn::Store(hn::Max(even, odd), d, all + i);
  }
  const float even = all[0] > all[2] ? all[0] : all[2];
  const float odd = all[1] > all[3] ? all[1] : all[3];
  return even > odd ? even : odd;
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#endif  // VECMILL_OPS_LANES_INL_H_

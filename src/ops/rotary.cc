#include "ops/rotary.h"

#include <cmath>

#include "base/check.h"
#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rotary.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// One head of one token: x [2 * half].
HWY_INLINE void RotateHead(const float* cos, const float* sin, int64_t half, float* x) {
  for (int64_t i = 0; i < half; i += kLanes) {
    const int64_t count = half - i;
    const Lanes c = LoadUpTo(cos + i, count);
    const Lanes s = LoadUpTo(sin + i, count);
    const Lanes first = LoadUpTo(x + i, count);
    const Lanes second = LoadUpTo(x + half + i, count);
    StoreUpTo(Sub(Mul(first, c), Mul(second, s)), count, x + i);
    StoreUpTo(MulAdd(first, s, Mul(second, c)), count, x + half + i);
  }
}

void RotateBatch(const RotaryTable& table, std::span<const int64_t> offsets, Matrix qkv) {
  const int64_t half = table.head_dim() / 2;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      const float* cos = table.Cos(t - offsets[i]);
      const float* sin = table.Sin(t - offsets[i]);
      float* row = qkv.Row(t);
      for (int64_t j = 0; j < qkv.cols / 3 * 2; j += 2 * half) RotateHead(cos, sin, half, row + j);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

namespace {

void FillAngles(int64_t max_tokens, int64_t head_dim, double theta, float* cos, float* sin) {
  const int64_t half = head_dim / 2;
  for (int64_t i = 0; i < half; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const auto power = static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
    const float frequency = 1.0f / power;
    for (int64_t p = 0; p < max_tokens; ++p) {
      const auto angle = static_cast<double>(static_cast<float>(p) * frequency);
      cos[p * half + i] = static_cast<float>(std::cos(angle));
      sin[p * half + i] = static_cast<float>(std::sin(angle));
    }
  }
}

}  // namespace

RotaryTable::RotaryTable(ArrayStore& store, const std::string& name, int64_t max_tokens,
                         int64_t head_dim, double theta)
    : max_tokens_(max_tokens),
      head_dim_(head_dim),
      values_(store.Take<float>(name, max_tokens * head_dim, [&](float* values) {
        FillAngles(max_tokens, head_dim, theta, values, values + max_tokens * head_dim / 2);
      })) {}

HWY_EXPORT(RotateBatch);

void Rotate(const RotaryTable& table, std::span<const int64_t> offsets, Matrix qkv) {
  VECMILL_CHECK(qkv.cols % (3 * table.head_dim()) == 0);
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    VECMILL_CHECK(offsets[i + 1] - offsets[i] <= table.max_tokens());
  }
  HWY_DYNAMIC_DISPATCH(RotateBatch)(table, offsets, qkv);
}

}  // namespace vecmill
#endif  // HWY_ONCE

#include "ops/ngram.h"

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/ngram.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

void DequantizeRow(const uint8_t* src, float scale, float low, int64_t size, float* dst) {
  const hn::Rebind<uint8_t, VecTag> bytes;
  const hn::Rebind<int32_t, VecTag> integers;
  const auto scales = hn::Set(VecTag(), scale);
  const auto lows = hn::Set(VecTag(), low);
  int64_t j = 0;
  for (; j + kVecLanes <= size; j += kVecLanes) {
    const auto levels = hn::ConvertTo(VecTag(), hn::PromoteTo(integers, hn::LoadU(bytes, src + j)));
    hn::StoreU(hn::MulAdd(levels, scales, lows), VecTag(), dst + j);
  }
  for (; j < size; j += kLanes) {
    HWY_ALIGN float levels[kLanes] = {};
    for (int64_t i = 0; i < kLanes && j + i < size; ++i) levels[i] = static_cast<float>(src[j + i]);
    StoreUpTo(MulAdd(Load(levels), Broadcast(scale), Broadcast(low)), size - j, dst + j);
  }
}

void SumNgramRow(std::span<const float* const> terms, const float* bias, const float* residual,
                 int64_t size, float* dst) {
  for (int64_t j = 0; j < size; j += kLanes) {
    Lanes sum = LoadUpTo(bias + j, size - j);
    for (const float* term : terms) sum = Add(sum, LoadUpTo(term + j, size - j));
    sum = Add(LoadUpTo(residual + j, size - j), Max(sum, Broadcast(0.0f)));
    StoreUpTo(sum, size - j, dst + j);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(DequantizeRow);
HWY_EXPORT(SumNgramRow);

void Dequantize(const uint8_t* src, float scale, float low, int64_t size, float* dst) noexcept {
  HWY_DYNAMIC_DISPATCH(DequantizeRow)(src, scale, low, size, dst);
}

void SumNgram(std::span<const float* const> terms, const float* bias, const float* residual,
              int64_t size, float* dst) noexcept {
  HWY_DYNAMIC_DISPATCH(SumNgramRow)(terms, bias, residual, size, dst);
}

}  // namespace vecmill
#endif  // HWY_ONCE

#include "engine/quantizer.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/half.h"

namespace vecmill {
namespace {

constexpr float kMaxF16 = 65504;
constexpr float kF16Overflow = 65520;  // from here on the nearest is infinity

// A byte less 128 in two's complement.
constexpr uint8_t kLess128 = 0x80;

int64_t QuantizeHalves(const float* src, int64_t dim, uint8_t* dst) {
  int64_t num_outside = 0;
  for (int64_t i = 0; i < dim; ++i) {
    const bool is_outside = std::abs(src[i]) >= kF16Overflow;
    num_outside += is_outside;
    const uint16_t half = F16FromF32(is_outside ? std::copysign(kMaxF16, src[i]) : src[i]);
    std::memcpy(dst + 2 * i, &half, sizeof(half));
  }
  return num_outside;
}

void QuantizeSigns(const float* src, int64_t dim, uint8_t offset, uint8_t* dst) {
  for (int64_t begin = 0; begin < dim; begin += 8) {
    uint8_t bits = 0;
    for (int64_t i = begin; i < begin + 8; ++i) {
      bits = static_cast<uint8_t>(bits << 1 | (i < dim && src[i] > 0));
    }
    dst[begin / 8] = bits ^ offset;
  }
}

}  // namespace

void ValueRanges::Add(const float* vector, int64_t dim) {
  if (min.empty()) {
    min.assign(vector, vector + dim);
    max = min;
    return;
  }
  for (size_t i = 0; i < min.size(); ++i) {
    // Written so that a NaN that came first is replaced.
    if (!(min[i] <= vector[i])) min[i] = std::isnan(vector[i]) ? min[i] : vector[i];
    if (!(max[i] >= vector[i])) max[i] = std::isnan(vector[i]) ? max[i] : vector[i];
  }
}

Quantizer::Quantizer(Dtype dtype, int64_t dim, const ValueRanges& ranges)
    : dtype_(dtype), dim_(dim) {
  if (!HasRanges(dtype)) return;
  VECMILL_CHECK(std::ssize(ranges.min) == dim && std::ssize(ranges.max) == dim);
  min_ = ranges.min;
  max_ = ranges.max;
  for (size_t i = 0; i < min_.size(); ++i) {
    const float step = (max_[i] - min_[i]) / 255;
    step_.push_back(step == 0 ? 1 : step);
  }
}

int64_t Quantizer::num_bytes() const { return StoredValues(dtype_, dim_) * BytesOfValue(dtype_); }

int64_t Quantizer::QuantizePlaces(const float* src, uint8_t* dst) const {
  const uint8_t offset = dtype_ == Dtype::kInt8 ? kLess128 : 0;
  int64_t num_outside = 0;
  for (int64_t i = 0; i < dim_; ++i) {
    const auto j = static_cast<size_t>(i);
    const float place = (src[i] - min_[j]) / step_[j];
    const float inside = place > 0 ? (place < 255 ? place : 255) : 0;
    // What is not negative is rounded down by the conversion.
    dst[i] = static_cast<uint8_t>(static_cast<int>(inside)) ^ offset;
    num_outside += src[i] < min_[j] || src[i] > max_[j];
  }
  return num_outside;
}

int64_t Quantizer::Quantize(const float* src, uint8_t* dst) const {
  switch (dtype_) {
    case Dtype::kFloat32:
      std::memcpy(dst, src, static_cast<size_t>(num_bytes()));
      return 0;
    case Dtype::kFloat16:
      return QuantizeHalves(src, dim_, dst);
    case Dtype::kInt8:
    case Dtype::kUint8:
      return QuantizePlaces(src, dst);
    case Dtype::kBinary:
      QuantizeSigns(src, dim_, kLess128, dst);
      return 0;
    case Dtype::kUbinary:
      QuantizeSigns(src, dim_, 0, dst);
      return 0;
  }
  return 0;
}

void Quantizer::Dequantize(const uint8_t* src, float* dst) const {
  VECMILL_CHECK(!IsBinary(dtype_));
  if (dtype_ == Dtype::kFloat32) {
    std::memcpy(dst, src, static_cast<size_t>(num_bytes()));
    return;
  }
  const uint8_t offset = dtype_ == Dtype::kInt8 ? kLess128 : 0;
  for (int64_t i = 0; i < dim_; ++i) {
    if (dtype_ == Dtype::kFloat16) {
      uint16_t half = 0;
      std::memcpy(&half, src + 2 * i, sizeof(half));
      dst[i] = F32FromF16(half);
    } else {
      const auto j = static_cast<size_t>(i);
      dst[i] = static_cast<float>(src[i] ^ offset) * step_[j] + min_[j];
    }
  }
}

int64_t CountDifferentBits(const uint8_t* a, const uint8_t* b, int64_t num_bytes) {
  int64_t count = 0;
  for (int64_t i = 0; i < num_bytes; ++i) {
    count += std::popcount(static_cast<uint8_t>(a[i] ^ b[i]));
  }
  return count;
}

}  // namespace vecmill

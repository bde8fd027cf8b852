// Weight files are little-endian and so is every machine this builds for; elements are copied with
// memcpy because a header of any length may leave them unaligned.
#include "weights/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/checked_math.h"
#include "base/half.h"
#include "base/json.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

static_assert(std::endian::native == std::endian::little);

// Elements converted and checked at a time: small enough to be checked while still in the L1 cache.
constexpr int64_t kChunk = 4096;

constexpr uint32_t kF32ExponentMask = 0x7f800000;

int64_t ReadableWidth(const std::string& dtype) {
  if (dtype == "F32") return 4;
  if (dtype == "F16" || dtype == "BF16") return 2;
  return 0;
}

// bfloat16 is the upper half of a binary32.
float F32FromBF16(uint16_t half) { return std::bit_cast<float>(static_cast<uint32_t>(half) << 16); }

void ConvertHalves(const std::byte* src, int64_t count, float (*convert)(uint16_t), float* dst) {
  for (int64_t i = 0; i < count; ++i) {
    uint16_t half = 0;
    std::memcpy(&half, src + 2 * i, sizeof half);
    dst[i] = convert(half);
  }
}

bool AllFinite(const float* values, int64_t count) {
  uint32_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(values[i]) & kF32ExponentMask;
    found |= static_cast<uint32_t>(exponent == kF32ExponentMask);
  }
  return found == 0;
}

}  // namespace

int64_t Tensor::num_elements() const {
  const std::optional<int64_t> count = CheckedNumElements(shape);
  VECMILL_CHECK(count.has_value());
  return *count;
}

std::string Tensor::Where() const { return file->path() + ": tensor " + Json(name).Dump(); }

void Tensor::CheckReadable() const {
  if (ReadableWidth(dtype) != 0) return;
  throw Error(ErrorCode::kUnsupported, Where() + " is of dtype " + Json(dtype).Describe() +
                                           "; this build reads F32, F16 and BF16");
}

void Tensor::CopyF32(float* dst) const {
  CheckReadable();
  const int64_t width = ReadableWidth(dtype);
  const int64_t count = num_elements();
  VECMILL_CHECK(std::ssize(bytes) == count * width);
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t size = std::min(kChunk, count - begin);
    const std::byte* src = bytes.data() + begin * width;
    if (dtype == "F32") {
      std::memcpy(dst + begin, src, static_cast<size_t>(size * width));
    } else {
      ConvertHalves(src, size, dtype == "F16" ? F32FromF16 : F32FromBF16, dst + begin);
    }
    if (AllFinite(dst + begin, size)) continue;
    const float* bad = std::find_if_not(dst + begin, dst + begin + size,
                                        [](float value) { return std::isfinite(value); });
    throw Error(ErrorCode::kCorrupt, Where() + ": element " + std::to_string(bad - dst) + " of " +
                                         std::to_string(count) + " is " +
                                         (std::isnan(*bad) ? "NaN" : "infinite") +
                                         ", expected finite numbers");
  }
}

void Tensor::CopyIndices(int64_t end, int32_t* dst) const {
  const bool is_wide = dtype == "I64";
  if (!is_wide && dtype != "I32") {
    throw Error(ErrorCode::kUnsupported, Where() + " is of dtype " + Json(dtype).Describe() +
                                             "; this build reads indices as I32 and I64");
  }
  const int64_t count = num_elements();
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = 0;
    if (is_wide) {
      std::memcpy(&index, bytes.data() + 8 * i, 8);
    } else {
      int32_t narrow = 0;
      std::memcpy(&narrow, bytes.data() + 4 * i, 4);
      index = narrow;
    }
    if (index < 0 || index >= end) {
      throw Error(ErrorCode::kCorrupt, Where() + ": element " + std::to_string(i) + " of " +
                                           std::to_string(count) + " is " + std::to_string(index) +
                                           ", expected 0 to " + std::to_string(end - 1));
    }
    dst[i] = static_cast<int32_t>(index);
  }
}

AlignedBuffer<float> Tensor::ReadF32() const {
  CheckReadable();
  AlignedBuffer<float> values(num_elements());
  CopyF32(values.data());
  return values;
}

AlignedBuffer<float> Tensor::ReadF32OrZeros(int64_t size) const {
  if (!shape.empty()) return ReadF32();
  AlignedBuffer<float> zeros(size);
  std::fill_n(zeros.data(), size, 0.0f);
  return zeros;
}

ConstArray<float> Tensor::ReadF32(ArrayStore& store, const std::string& array_name) const {
  CheckReadable();
  return store.Take<float>(array_name, num_elements(), [&](float* dst) { CopyF32(dst); });
}

ConstArray<float> Tensor::ReadF32OrZeros(int64_t size, ArrayStore& store,
                                         const std::string& array_name) const {
  if (!shape.empty()) return ReadF32(store, array_name);
  return store.Take<float>(array_name, size, [&](float* dst) { std::fill_n(dst, size, 0.0f); });
}

std::string ShapeText(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace vecmill

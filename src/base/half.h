// base/half.h: IEEE 754 binary16 numbers as their bits.
#pragma once

#include <bit>
#include <cstdint>

namespace vecmill {

// Every binary16 is a binary32.
constexpr float F32FromF16(uint16_t half) {
  constexpr uint32_t kInfinityBits = 0x7f800000;
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t fraction = half & 0x3ff;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  if (exponent == 0x1f) return std::bit_cast<float>(sign | kInfinityBits | (fraction << 13));
  return std::bit_cast<float>(sign | ((exponent + 127 - 15) << 23) | (fraction << 13));
}

// The nearest binary16, of two as near the one whose last bit is 0; infinity from 65,520 on. A NaN
// stays one.
constexpr uint16_t F16FromF32(float value) {
  constexpr uint32_t kInfinity = 0x7c00;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  uint32_t half = 0;
  if (magnitude > 0x7f800000) {
    half = kInfinity | 0x200;
  } else if (magnitude >= std::bit_cast<uint32_t>(65520.0f)) {
    half = kInfinity;
  } else if (magnitude < std::bit_cast<uint32_t>(0x1p-14f)) {
    // Subnormal, a multiple of 2^-24, which is the last bit of a float next to 0.5: the addition
    // rounds to it.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<uint32_t>(aligned) - std::bit_cast<uint32_t>(0.5f);
  } else {
    // 13 bits of the fraction go. A carry out of it raises the exponent, as it should.
    const uint32_t last_bit = (magnitude >> 13) & 1;
    half = (magnitude - ((127 - 15) << 23) + 0xfff + last_bit) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

}  // namespace vecmill

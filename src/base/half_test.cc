#include "base/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace vecmill {
namespace {

constexpr uint16_t kInfinity = 0x7c00;
constexpr float kMaxFloat = std::numeric_limits<float>::max();

// sign * fraction * 2^exponent as IEEE 754-2008, 3.4 has it, in double precision.
double ValueOf(uint16_t half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

// The nearest half found by trying the two around `value`, 0 <= value < 65,504.
uint16_t RefF16FromF32(float value) {
  uint16_t below = 0;
  for (int bit = 1 << 14; bit > 0; bit >>= 1) {
    const auto next = static_cast<uint16_t>(below | bit);
    if (next < kInfinity && ValueOf(next) <= static_cast<double>(value)) below = next;
  }
  const double to_below = static_cast<double>(value) - ValueOf(below);
  const double to_above = ValueOf(static_cast<uint16_t>(below + 1)) - static_cast<double>(value);
  const bool is_above = to_above < to_below || (to_above == to_below && below % 2 == 1);
  return static_cast<uint16_t>(below + is_above);
}

TEST(HalfTest, EveryHalfIsAFloatAndComesBack) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const auto bits = static_cast<uint16_t>(half);
    const float value = F32FromF16(bits);
    if ((bits & 0x7fff) > kInfinity) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(F32FromF16(F16FromF32(value))));
      continue;
    }
    if ((bits & 0x7fff) < kInfinity) {
      EXPECT_EQ(static_cast<double>(value), ValueOf(bits));
    }
    EXPECT_EQ(F16FromF32(value), bits);
  }
}

TEST(HalfTest, RoundsToTheNearest) {
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<uint32_t>(random() % std::bit_cast<uint32_t>(65504.0f));
    const float value = std::bit_cast<float>(bits);
    ASSERT_EQ(F16FromF32(value), RefF16FromF32(value)) << value;
    ASSERT_EQ(F16FromF32(-value), RefF16FromF32(value) | 0x8000) << value;
  }
}

TEST(HalfTest, RoundsTheMiddleOfTwoToTheEvenOne) {
  for (uint16_t half = 0; half + 1 < kInfinity; ++half) {
    const auto next = static_cast<uint16_t>(half + 1);
    const float middle = (F32FromF16(half) + F32FromF16(next)) / 2;
    ASSERT_EQ(F16FromF32(middle), half % 2 == 0 ? half : next);
    ASSERT_EQ(F16FromF32(std::nextafter(middle, 0.0f)), half);
    ASSERT_EQ(F16FromF32(std::nextafter(middle, kMaxFloat)), next);
  }
}

TEST(HalfTest, TheEnds) {
  EXPECT_EQ(F16FromF32(0.0f), 0);
  EXPECT_EQ(F16FromF32(-0.0f), 0x8000);
  EXPECT_EQ(F16FromF32(0x1p-25f), 0);
  EXPECT_EQ(F16FromF32(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(F16FromF32(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(F16FromF32(65520.0f), kInfinity);
  EXPECT_EQ(F16FromF32(-kMaxFloat), kInfinity | 0x8000);
  EXPECT_EQ(F16FromF32(std::numeric_limits<float>::infinity()), kInfinity);
}

}  // namespace
}  // namespace vecmill

#include "engine/quantizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace vecmill {
namespace {

using Bytes = std::vector<uint8_t>;
using Floats = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Quantized {
  Bytes bytes;
  int64_t num_outside;
};

Quantized Quantize(Dtype dtype, const Floats& vector, const ValueRanges& ranges = {}) {
  const Quantizer quantizer(dtype, std::ssize(vector), ranges);
  Bytes bytes(static_cast<size_t>(quantizer.num_bytes()));
  const int64_t num_outside = quantizer.Quantize(vector.data(), bytes.data());
  return {bytes, num_outside};
}

Floats Dequantize(Dtype dtype, const Bytes& bytes, const ValueRanges& ranges) {
  Floats vector(bytes.size());
  Quantizer(dtype, std::ssize(bytes), ranges).Dequantize(bytes.data(), vector.data());
  return vector;
}

ValueRanges RangesOf(const std::vector<Floats>& vectors) {
  ValueRanges ranges;
  for (const Floats& vector : vectors) ranges.Add(vector.data(), std::ssize(vector));
  return ranges;
}

TEST(QuantizerTest, RangesHoldWhatWasAdded) {
  const ValueRanges ranges = RangesOf({{1, kNan, -3}, {-0.5f, 2, -1}, {0, -7, kNan}});
  EXPECT_EQ(ranges.min, (Floats{-0.5f, -7, -3}));
  EXPECT_EQ(ranges.max, (Floats{1, 2, -1}));
}

TEST(QuantizerTest, PlacesWithinTheRangesAndOutside) {
  const ValueRanges ranges = {.min = Floats(7, -1), .max = Floats(7, 127.0f / 128)};
  const Floats vector = {-1, 127.0f / 128, 0, -1.001f, 1, 40, -kInfinity};
  const Quantized as_uint8 = Quantize(Dtype::kUint8, vector, ranges);
  EXPECT_EQ(as_uint8.bytes, (Bytes{0, 255, 128, 0, 255, 255, 0}));
  EXPECT_EQ(as_uint8.num_outside, 4);
  const Quantized as_int8 = Quantize(Dtype::kInt8, vector, ranges);
  EXPECT_EQ(as_int8.bytes, (Bytes{0x80, 0x7f, 0, 0x80, 0x7f, 0x7f, 0x80}));
  EXPECT_EQ(as_int8.num_outside, 4);
}

TEST(QuantizerTest, ARangeOfOneValue) {
  const ValueRanges ranges = {.min = {0.5f, 0.5f, 0.5f}, .max = {0.5f, 0.5f, 0.5f}};
  const Quantized made = Quantize(Dtype::kUint8, {0.5f, 0.25f, 3.75f}, ranges);
  EXPECT_EQ(made.bytes, (Bytes{0, 0, 3}));
  EXPECT_EQ(made.num_outside, 2);
}

TEST(QuantizerTest, PlacesComeBackWithinAStep) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.1f);
  std::vector<Floats> vectors(200, Floats(50));
  for (Floats& vector : vectors) {
    for (float& value : vector) value = normal(random);
  }
  const ValueRanges ranges = RangesOf(vectors);
  for (const Dtype dtype : {Dtype::kInt8, Dtype::kUint8}) {
    for (const Floats& vector : vectors) {
      const Quantized made = Quantize(dtype, vector, ranges);
      EXPECT_EQ(made.num_outside, 0);
      const Floats back = Dequantize(dtype, made.bytes, ranges);
      for (size_t i = 0; i < vector.size(); ++i) {
        const float step = (ranges.max[i] - ranges.min[i]) / 255;
        EXPECT_GE(vector[i] - back[i], -1e-6f);
        EXPECT_LE(vector[i] - back[i], step * 1.001f);
      }
    }
  }
}

TEST(QuantizerTest, HalvesAreClippedAtTheLargest) {
  const Floats vector = {65504, 65519, 65520, -1e30f, kInfinity, -0.0f, 1e-9f, 0.1f};
  const Quantized made = Quantize(Dtype::kFloat16, vector);
  EXPECT_EQ(made.num_outside, 3);
  Floats back(vector.size());
  Quantizer(Dtype::kFloat16, 8, {}).Dequantize(made.bytes.data(), back.data());
  EXPECT_EQ(back, (Floats{65504, 65504, 65504, -65504, 65504, 0, 0, 0.0999755859375f}));
  EXPECT_TRUE(std::signbit(back[5]));
}

TEST(QuantizerTest, SignsOfAnyNumberOfValues) {
  for (size_t dim = 1; dim <= 17; ++dim) {
    Floats vector(dim, -1.0f);
    vector[dim - 1] = 1e-45f;
    const auto last = static_cast<uint8_t>(0x80 >> ((dim - 1) % 8));
    Bytes expected((dim - 1) / 8, 0);
    expected.push_back(last);
    EXPECT_EQ(Quantize(Dtype::kUbinary, vector).bytes, expected);
    Bytes less_128((dim - 1) / 8, 0x80);
    less_128.push_back(last ^ 0x80);
    EXPECT_EQ(Quantize(Dtype::kBinary, vector).bytes, less_128);
  }
  EXPECT_EQ(Quantize(Dtype::kUbinary, {0.0f, -0.0f, kNan, kInfinity}).bytes, (Bytes{0x10}));
}

TEST(QuantizerTest, NoNumberIsLeftOut) {
  const ValueRanges ranges = {.min = {-1}, .max = {1}};
  EXPECT_EQ(Quantize(Dtype::kUint8, {kNan}, ranges).bytes, (Bytes{0}));
  const ValueRanges huge = {.min = {-3e38f}, .max = {0}};
  EXPECT_EQ(Quantize(Dtype::kUint8, {3e38f}, huge).bytes, (Bytes{255}));
}

TEST(QuantizerTest, DifferentBits) {
  const Floats a = {1, 1, -1, 1, -1, 1, 1, 1, 1, -1};
  const Floats b = {-1, 1, 1, 1, -1, 1, 1, 1, 1, 1};
  for (const Dtype dtype : {Dtype::kBinary, Dtype::kUbinary}) {
    const Bytes bits_of_a = Quantize(dtype, a).bytes;
    const Bytes bits_of_b = Quantize(dtype, b).bytes;
    EXPECT_EQ(CountDifferentBits(bits_of_a.data(), bits_of_b.data(), 2), 3);
    EXPECT_EQ(CountDifferentBits(bits_of_a.data(), bits_of_a.data(), 2), 0);
  }
}

}  // namespace
}  // namespace vecmill

// engine/quantizer.h: vectors of f32 as an output of another dtype holds them, and back.
//
//   float16   the nearest, of two as near the even one
//   uint8     floor((x - min) / step), at least 0 and at most 255; step = (max - min) / 255, or 1
//             where that is 0; min and max are those of the value's place in the vector
//   ubinary   1 for x > 0, else 0, eight to a byte from its highest bit; the last is filled with 0
//   int8, binary   the byte of uint8 and ubinary less 128
//
// Source:   sentence_transformers 6.2, util.quantization; float16 as numpy has it, but for values
//           beyond its largest, 65,504.
// Numerics: f32, operation by operation as there: the same bytes. NaN gives NaN, 0 or bit 0.
// Threads:  constant after construction.
// Tested by quantizer_test.cc and tests/golden/quantize_test.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "vecmill/dtype.h"

namespace vecmill {

// The smallest and the largest value of each place of a vector, [dim] each.
struct ValueRanges {
  std::vector<float> min;
  std::vector<float> max;

  // Widen to hold the values of `vector` [dim]; the first one gives them. A NaN widens nothing.
  void Add(const float* vector, int64_t dim);
};

class Quantizer {
 public:
  // `ranges` are used if HasRanges(dtype). REQUIRES: they are of `dim` values then, finite, none
  // of min above that of max.
  Quantizer(Dtype dtype, int64_t dim, const ValueRanges& ranges);

  // Of one vector.
  int64_t num_bytes() const;

  // Write src [dim] to dst [num_bytes()]. Returns how many values did not fit: outside the ranges,
  // or beyond the largest half, which they become.
  int64_t Quantize(const float* src, uint8_t* dst) const;

  // Write the values that src [num_bytes()] stands for to dst [dim]: of a range's 256 parts the
  // lower end. REQUIRES: not IsBinary(dtype).
  void Dequantize(const uint8_t* src, float* dst) const;

 private:
  int64_t QuantizePlaces(const float* src, uint8_t* dst) const;

  Dtype dtype_;
  int64_t dim_;
  std::vector<float> min_;
  std::vector<float> max_;
  std::vector<float> step_;
};

// Bits that differ between two vectors of signs, of `num_bytes` each.
int64_t CountDifferentBits(const uint8_t* a, const uint8_t* b, int64_t num_bytes);

}  // namespace vecmill

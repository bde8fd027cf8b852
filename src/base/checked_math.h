// base/checked_math.h: arithmetic on sizes that come from files. Overflow is an answer, not a wrap.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace vecmill {

inline std::optional<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

inline std::optional<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Number of elements of a shape; nullopt if a dimension is negative or the product does not fit.
inline std::optional<int64_t> CheckedNumElements(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    std::optional<int64_t> next = CheckedMul(count, dim);
    if (!next) return std::nullopt;
    count = *next;
  }
  return count;
}

}  // namespace vecmill

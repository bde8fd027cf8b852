// vecmill/dtype.h: the types that the values of an output's vectors can have.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vecmill {

// How they follow from the f32 that the network gives: docs/output.md.
enum class Dtype {
  kFloat32,
  kFloat16,
  kInt8,     // each value's place between the smallest and the largest of a sample, -128 to 127
  kUint8,    // 0 to 255
  kBinary,   // int8, the signs of eight values each
  kUbinary,  // uint8
};

struct NamedDtype {
  std::string_view name;
  Dtype dtype;
};

// The names of sentence_transformers' `precision`; float16 is ours.
inline constexpr NamedDtype kDtypes[] = {
    {"float32", Dtype::kFloat32}, {"float16", Dtype::kFloat16}, {"int8", Dtype::kInt8},
    {"uint8", Dtype::kUint8},     {"binary", Dtype::kBinary},   {"ubinary", Dtype::kUbinary},
};

constexpr std::string_view DtypeName(Dtype dtype) {
  for (const NamedDtype& entry : kDtypes) {
    if (entry.dtype == dtype) return entry.name;
  }
  return "";
}

constexpr std::optional<Dtype> FindDtype(std::string_view name) {
  for (const NamedDtype& entry : kDtypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

constexpr bool IsBinary(Dtype dtype) { return dtype == Dtype::kBinary || dtype == Dtype::kUbinary; }

// Its values are places between a smallest and a largest value.
constexpr bool HasRanges(Dtype dtype) { return dtype == Dtype::kInt8 || dtype == Dtype::kUint8; }

// Values that a vector of `dim` has in the output.
constexpr int64_t StoredValues(Dtype dtype, int64_t dim) {
  return IsBinary(dtype) ? (dim + 7) / 8 : dim;
}

constexpr int64_t BytesOfValue(Dtype dtype) {
  if (dtype == Dtype::kFloat32) return 4;
  return dtype == Dtype::kFloat16 ? 2 : 1;
}

}  // namespace vecmill

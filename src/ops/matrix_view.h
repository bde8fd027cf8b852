// ops/matrix_view.h: a matrix of float somebody else owns.
#pragma once

#include <cstdint>
#include <type_traits>

namespace vecmill {

// Row-major [rows, cols]; row i begins at data + i * stride, stride >= cols, in floats.
template <typename T>
struct MatrixView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;

  T* Row(int64_t i) const { return data + i * stride; }

  // What may be written may be read.
  operator MatrixView<const T>() const  // NOLINT(google-explicit-constructor)
      requires(!std::is_const_v<T>) {
    return {data, rows, cols, stride};
  }
};

using ConstMatrix = MatrixView<const float>;
using Matrix = MatrixView<float>;

}  // namespace vecmill

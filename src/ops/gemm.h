// ops/gemm.h: the matrix product of a linear layer, with its bias and nonlinearity.
//
//   c[m, n] = f(bias[n] + sum over k of a[m, k] * weight[n, k])
//
// Shapes:   a [M, K], weight [N, K] (the layout of torch.nn.Linear), bias [N], c [M, N]; M >= 0,
//           N, K > 0, no multiples asked. c must not overlap a.
// Numerics: f32. Each element is one chain of fused multiply-adds that starts at the bias and runs
//           over k upwards, so its bits depend on its row of a and its row of weight alone: not on
//           M, on the row's position or on the thread. Before f, |error| <= (K + 1) eps (|bias| +
//           sum |a weight|) (asserted in the test).
// Threads:  one, with a workspace of its own; several may share a PackedMatrix.
// Errors:   std::bad_alloc while packing the weight and when the workspace grows.
// Tested by gemm_test.cc, timed by gemm_bench.cc beside oneDNN.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/aligned_buffer.h"
#include "base/array_store.h"
#include "ops/matrix_view.h"
#include "ops/nonlinearity.h"

namespace vecmill {

// The weight and bias of a linear layer, the weight laid out for Gemm: panels of 16 columns n,
// panel p at [p][K][16], the last one filled up with zeros.
class PackedMatrix {
 public:
  // A matrix while it is packed; zeros to begin with.
  class Packer {
   public:
    // Set rows [begin, begin + weight.rows) of the weight, and their biases [weight.rows]. Copies.
    // Layers that read the same input (query, key, value) become one matrix so.
    // REQUIRES: weight.cols == k, begin + weight.rows <= n. VECMILL_CHECKed.
    void SetRows(int64_t begin, ConstMatrix weight, const float* bias);

   private:
    friend class PackedMatrix;
    Packer(int64_t n, int64_t k, float* panels);

    int64_t n_;
    int64_t k_;
    float* panels_;
    float* bias_;
  };

  PackedMatrix() = default;
  // In an array of `store`, which `pack` gives its values unless they are known (array_store.h).
  // REQUIRES: n > 0, k > 0. Errors: those of `store` and `pack`.
  PackedMatrix(ArrayStore& store, const std::string& name, int64_t n, int64_t k,
               const std::function<void(Packer&)>& pack);

  int64_t n() const { return n_; }
  int64_t k() const { return k_; }
  int64_t num_bytes() const;
  const float* panels() const { return values_.data(); }
  const float* bias() const;  // filled up to whole panels with zeros

 private:
  int64_t n_ = 0;
  int64_t k_ = 0;
  ConstArray<float> values_;  // panels, then the bias
};

// Memory of one thread for the rows of a as the kernel reads them; grows to the largest a it has
// seen.
class GemmWorkspace {
 public:
  float* Reserve(int64_t size);

 private:
  AlignedBuffer<float> packed_;
};

// Rows of one width that lie anywhere, also one over another: row i begins at data + starts[i], or
// without starts at data + i * stride.
struct GatheredRows {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;
  const int64_t* starts = nullptr;  // [rows]

  const float* Row(int64_t i) const { return data + (starts != nullptr ? starts[i] : i * stride); }
};

// REQUIRES: a.rows == c.rows, a.cols == weight.k(), c.cols == weight.n(). VECMILL_CHECKed.
void Gemm(ConstMatrix a, const PackedMatrix& weight, Nonlinearity f, GemmWorkspace& workspace,
          Matrix c);
void GemmGathered(const GatheredRows& a, const PackedMatrix& weight, Nonlinearity f,
                  GemmWorkspace& workspace, Matrix c);

// The twin, in double precision, on the weight as it was before packing.
void RefGemm(ConstMatrix a, ConstMatrix weight, const float* bias, Nonlinearity f, Matrix c);

}  // namespace vecmill

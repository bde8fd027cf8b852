#include <algorithm>

#include "base/check.h"
#include "ops/gemm.h"

namespace vecmill {
namespace {

constexpr int64_t kPanelColumns = 16;

int64_t RoundUpToPanels(int64_t n) {
  return (n + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
}

}  // namespace

PackedMatrix::PackedMatrix(int64_t n, int64_t k)
    : n_(n), k_(k), panels_(RoundUpToPanels(n) * k), bias_(RoundUpToPanels(n)) {
  std::fill_n(panels_.data(), panels_.size(), 0.0f);
  std::fill_n(bias_.data(), bias_.size(), 0.0f);
}

void PackedMatrix::SetRows(int64_t begin, ConstMatrix weight, const float* bias) {
  VECMILL_CHECK(weight.cols == k_ && begin >= 0 && begin + weight.rows <= n_);
  for (int64_t i = 0; i < weight.rows; ++i) {
    const int64_t n = begin + i;
    float* column = panels_.data() + n / kPanelColumns * kPanelColumns * k_ + n % kPanelColumns;
    for (int64_t k = 0; k < k_; ++k) column[k * kPanelColumns] = weight.Row(i)[k];
    bias_[n] = bias[i];
  }
}

int64_t PackedMatrix::num_bytes() const {
  return (panels_.size() + bias_.size()) * static_cast<int64_t>(sizeof(float));
}

}  // namespace vecmill

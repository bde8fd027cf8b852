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

PackedMatrix::Packer::Packer(int64_t n, int64_t k, float* panels)
    : n_(n), k_(k), panels_(panels), bias_(panels + RoundUpToPanels(n) * k) {
  std::fill_n(panels, RoundUpToPanels(n) * (k + 1), 0.0f);
}

void PackedMatrix::Packer::SetRows(int64_t begin, ConstMatrix weight, const float* bias) {
  VECMILL_CHECK(weight.cols == k_ && begin >= 0 && begin + weight.rows <= n_);
  for (int64_t i = 0; i < weight.rows; ++i) {
    const int64_t n = begin + i;
    float* column = panels_ + n / kPanelColumns * kPanelColumns * k_ + n % kPanelColumns;
    for (int64_t k = 0; k < k_; ++k) column[k * kPanelColumns] = weight.Row(i)[k];
    bias_[n] = bias[i];
  }
}

PackedMatrix::PackedMatrix(ArrayStore& store, const std::string& name, int64_t n, int64_t k,
                           const std::function<void(Packer&)>& pack)
    : n_(n),
      k_(k),
      values_(store.Take<float>(name, RoundUpToPanels(n) * (k + 1), [&](float* values) {
        Packer packer(n, k, values);
        pack(packer);
      })) {}

int64_t PackedMatrix::num_bytes() const {
  return values_.size() * static_cast<int64_t>(sizeof(float));
}

const float* PackedMatrix::bias() const { return values_.data() + RoundUpToPanels(n_) * k_; }

}  // namespace vecmill

#include "engine/vector_column.h"

#include <algorithm>
#include <utility>

#include "ops/pooling.h"

namespace vecmill {
namespace {

using Node = LayerExpr::Node;
using Op = LayerExpr::Op;

// Rows of a matrix whose row stride is larger than their width.
struct Rows {
  float* data;
  int64_t stride;
};

// Evaluates a layer expression for the tokens of one sequence.
class Evaluator {
 public:
  Evaluator(const LayerStates& states, int64_t begin, int64_t num_tokens, int64_t hidden)
      : states_(states), begin_(begin), num_tokens_(num_tokens), hidden_(hidden) {}

  // dst = node
  void Set(const Node& node, Rows dst) const {
    if (node.op == Op::kLayer) {
      ForEachValue(node, dst, [](float& value, float x) { value = x; });
      return;
    }
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (node.op == Op::kConcat) {
        Set(node.args[i], dst);
        dst.data += node.args[i].width * hidden_;
      } else if (i == 0) {
        Set(node.args[i], dst);
      } else if (node.op == Op::kSum) {
        Combine(node.args[i], dst, [](float& value, float x) { value += x; });
      } else {
        Combine(node.args[i], dst, [](float& value, float x) { value = std::max(value, x); });
      }
    }
    if (node.op == Op::kConcat) dst.data -= node.width * hidden_;
    if (node.weight != 1.0f) Scale(node, dst);
  }

 private:
  template <typename Fn>
  void Combine(const Node& node, Rows dst, const Fn& fn) const {
    if (node.op == Op::kLayer) {
      ForEachValue(node, dst, fn);
      return;
    }
    const int64_t width = node.width * hidden_;
    std::vector<float> values(static_cast<size_t>(num_tokens_ * width));
    Set(node, {values.data(), width});
    for (int64_t t = 0; t < num_tokens_; ++t) {
      for (int64_t j = 0; j < width; ++j) {
        fn(dst.data[t * dst.stride + j], values[static_cast<size_t>(t * width + j)]);
      }
    }
  }

  // fn(value of dst, weighted value of the layer)
  template <typename Fn>
  void ForEachValue(const Node& node, Rows dst, const Fn& fn) const {
    const float* src = states_[static_cast<size_t>(node.layer)] + begin_ * hidden_;
    for (int64_t t = 0; t < num_tokens_; ++t) {
      for (int64_t j = 0; j < hidden_; ++j) {
        fn(dst.data[t * dst.stride + j], node.weight * src[t * hidden_ + j]);
      }
    }
  }

  void Scale(const Node& node, Rows dst) const {
    for (int64_t t = 0; t < num_tokens_; ++t) {
      float* row = dst.data + t * dst.stride;
      for (int64_t j = 0; j < node.width * hidden_; ++j) row[j] *= node.weight;
    }
  }

  const LayerStates& states_;
  const int64_t begin_;
  const int64_t num_tokens_;
  const int64_t hidden_;
};

}  // namespace

VectorColumn::VectorColumn(LayerExpr expr, int64_t hidden, const SentenceHead* head,
                           Scaling scaling, ColumnDescription description)
    : expr_(std::move(expr)),
      hidden_(hidden),
      combined_dim_(expr_.root.width * hidden),
      pooled_dim_(combined_dim_ * static_cast<int64_t>(description.poolings.size())),
      full_dim_(head != nullptr ? head->out() : pooled_dim_),
      head_(head),
      scaling_(scaling),
      description_(std::move(description)) {}

// The layers put together [num_tokens, combined_dim].
const float* VectorColumn::Combine(const LayerStates& states, int64_t begin, int64_t num_tokens,
                                   std::vector<float>& combined) const {
  const Node& root = expr_.root;
  if (root.op == Op::kLayer && root.weight == 1.0f) {
    return states[static_cast<size_t>(root.layer)] + begin * hidden_;
  }
  combined.resize(static_cast<size_t>(num_tokens * combined_dim_));
  Evaluator(states, begin, num_tokens, hidden_).Set(root, {combined.data(), combined_dim_});
  return combined.data();
}

void VectorColumn::Pool(Pooling pooling, const float* src, int64_t num_tokens, int64_t num_unpooled,
                        float* dst) const {
  const int64_t dim = combined_dim_;
  const float* pooled = src + num_unpooled * dim;
  const int64_t num_pooled = num_tokens - num_unpooled;
  switch (pooling) {
    case Pooling::kMean:
      return MeanPool(pooled, num_pooled, dim, dst);
    case Pooling::kCls:
      std::copy_n(pooled, dim, dst);
      return;
    case Pooling::kMax:
      return MaxPool(pooled, num_pooled, dim, dst);
    case Pooling::kLast:
      std::copy_n(src + (num_tokens - 1) * dim, dim, dst);
      return;
    case Pooling::kMeanSqrtLen:
      return MeanSqrtLenPool(pooled, num_pooled, dim, dst);
    case Pooling::kWeightedMean:
      return WeightedMeanPool(pooled, num_pooled, dim, /*first=*/num_unpooled + 1, dst);
    case Pooling::kNone:
      std::copy_n(src, num_tokens * dim, dst);
      return;
  }
}

void VectorColumn::Write(const LayerStates& states, TokenRange tokens, int64_t num_unpooled,
                         Scratch& scratch, float* dst) const {
  const int64_t num_tokens = tokens.size();
  const float* src = Combine(states, tokens.begin, num_tokens, scratch.combined);
  const int64_t dim = description_.dim;
  const bool in_place = head_ == nullptr && dim == full_dim_;
  if (!in_place) scratch.pooled.resize(static_cast<size_t>(pooled_dim_));
  float* pooled = in_place ? dst : scratch.pooled.data();
  num_unpooled = std::min(num_unpooled, num_tokens - 1);
  for (size_t i = 0; i < description_.poolings.size(); ++i) {
    Pool(description_.poolings[i], src, num_tokens, num_unpooled,
         pooled + static_cast<int64_t>(i) * combined_dim_);
  }
  if (head_ != nullptr) {
    const float* made = head_->Apply(pooled, scratch.head);
    scratch.pooled.assign(made, made + full_dim_);
    pooled = scratch.pooled.data();
  }
  if (scaling_.full) L2Normalize(pooled, full_dim_);
  if (!in_place) std::copy_n(pooled, dim, dst);
  const bool is_scaled = scaling_.full && dim == full_dim_;
  if (!scaling_.kept || is_scaled) return;
  const int64_t num_vectors = description_.per_token() ? num_tokens : 1;
  for (int64_t i = 0; i < num_vectors; ++i) L2Normalize(dst + i * dim, dim);
}

}  // namespace vecmill

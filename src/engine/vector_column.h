// engine/vector_column.h: from the hidden states of a sequence to the values of one output column.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "batch/packed_batch.h"
#include "nets/sentence_head.h"
#include "vecmill/embedder.h"
#include "vecmill/layer_expr.h"

namespace vecmill {

// Hidden states of a batch by layer, [num_layers + 1], each [T, H]; nullptr for layers that no
// column reads.
using LayerStates = std::vector<const float*>;

// Combines layers token by token, pools the tokens, applies the head, cuts and scales the vector:
// what of it the column asks for. Constant after construction.
class VectorColumn {
 public:
  // When vectors are scaled to unit length: before they are cut to dim values, and after.
  struct Scaling {
    bool full = false;
    bool kept = false;
  };

  // Memory of one thread.
  struct Scratch {
    std::vector<float> combined;  // layers of one row put together
    std::vector<float> pooled;    // a vector before the head and before it is cut
    SentenceHead::Workspace head;
  };

  // `head` is applied to pooled vectors; it is borrowed, nullptr for none. REQUIRES:
  // description.dim is at least 1 and no more than what head or else `expr` gives.
  VectorColumn(LayerExpr expr, int64_t hidden, const SentenceHead* head, Scaling scaling,
               ColumnDescription description);

  const ColumnDescription& description() const { return description_; }
  const LayerExpr& expr() const { return expr_; }

  // Write the column's values for `tokens` of a batch, one at least: dst [dim], or [tokens.size(),
  // dim] if per_token. The first `num_unpooled` tokens are left out where tokens are put together;
  // a row that has no others is its last token.
  void Write(const LayerStates& states, TokenRange tokens, int64_t num_unpooled, Scratch& scratch,
             float* dst) const;

 private:
  const float* Combine(const LayerStates& states, int64_t begin, int64_t num_tokens,
                       std::vector<float>& combined) const;
  void Pool(Pooling pooling, const float* src, int64_t num_tokens, int64_t num_unpooled,
            float* dst) const;

  LayerExpr expr_;
  int64_t hidden_;
  int64_t combined_dim_;
  int64_t pooled_dim_;
  int64_t full_dim_;  // behind the head
  const SentenceHead* head_;
  Scaling scaling_;
  ColumnDescription description_;
};

}  // namespace vecmill

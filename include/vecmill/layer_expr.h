// vecmill/layer_expr.h: which layers of a network make a vector, and how.
//
//   expression := sum [ ":" pooling { "+" pooling } ]
//   sum        := term { "+" term }
//   term       := { weight "*" } factor
//   factor     := layer | "last" | "first_last" | function "(" argument { "," argument } ")"
//                 | "(" sum ")"
//   argument   := layer ":" layer | sum          a range stands for its layers, both ends included
//   layer      := an integer: 0 the embeddings, 1 the first layer, ...; -1 the last layer, -2 ...
//   weight     := a number such as 0.5 or -2
//   function   := "mean" | "sum" | "max" | "concat"
//   pooling    := "mean" | "cls" | "max" | "last" | "mean_sqrt_len" | "weightedmean" | "none"
//
// Layers are combined token by token and pooled then; the vectors of several poolings are put one
// after the other. "last" is -1; "first_last" is mean(0, -1), as
// in Gao et al. 2021, arXiv:2104.08821. Examples: -2, mean(-4:-1), concat(-1,-2,-3,-4):cls,
// 0.7*-1+0.3*-2:max, last:mean+max.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vecmill/pooling.h"

namespace vecmill {

struct LayerExpr {
  enum class Op { kLayer, kSum, kMax, kConcat };

  struct Node {
    Op op = Op::kLayer;
    float weight = 1.0f;     // the result is multiplied by it; mean() is a sum with 1 / n
    int64_t layer = 0;       // of kLayer: 0 to the number of layers
    std::vector<Node> args;  // of the others: at least one
    int64_t width = 1;       // values of the result, as a multiple of the hidden size
  };

  std::string text;  // as parsed
  Node root;
  Poolings poolings;  // empty: the model's own

  // The expression of a network of `num_layers` layers. Errors: kInvalidArgument; the message shows
  // the text and points at the character.
  static LayerExpr Parse(std::string_view text, int64_t num_layers);

  // The layers that are read, ascending, each once.
  std::vector<int64_t> Layers() const;
};

}  // namespace vecmill

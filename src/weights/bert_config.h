// weights/bert_config.h: config.json of a BERT.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace vecmill {

enum class Activation {
  kGeluErf,   // x * (1 + erf(x / sqrt 2)) / 2: "gelu", "gelu_python"
  kGeluTanh,  // the tanh approximation: "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", ...
  kRelu,      // "relu"
};

// Sizes that passed these checks: layers 1..1000, hidden 1..65536 and a multiple of heads,
// ffn 1..262144, vocab 1..16777216, max_positions 1..1048576, type_vocab 1..1024.
struct BertConfig {
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t head_dim = 0;  // hidden / heads
  int64_t ffn = 0;
  int64_t vocab = 0;
  int64_t max_positions = 0;
  int64_t type_vocab = 0;
  float layer_norm_eps = 0;  // > 0
  Activation activation = Activation::kGeluErf;

  bool operator==(const BertConfig&) const = default;
};

// Read config.json; `where` names it in messages. What would change the forward pass and is not
// implemented (relative positions, decoders, pruned heads, quantised weights, custom code) is
// refused by name. Errors: kCorrupt, kUnsupported.
BertConfig ReadBertConfig(const Json& config, const std::string& where);

}  // namespace vecmill

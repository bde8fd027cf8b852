// weights/network_config.h: config.json in the words that all model families share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace vecmill {

enum class Activation {
  kGeluErf,   // x * (1 + erf(x / sqrt 2)) / 2: "gelu", "gelu_python"
  kGeluTanh,  // the tanh approximation: "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", ...
  kRelu,      // "relu"
  kSilu,      // x / (1 + exp(-x)): "silu", "swish"
};

// Of MPNet; see nets/relative_positions.h.
inline constexpr int64_t kNumDistanceBuckets = 32;

// Sizes that passed these checks: layers 0..1000, hidden 1..65536 and a multiple of heads,
// ffn 1..262144, vocab 1..16777216, max_positions 1..1048576, embedding 1..65536,
// type_vocab 0..1024. Those that a family does not have are 0.
struct NetworkConfig {
  std::string model_type;     // "bert", "roberta", ...
  int64_t hidden = 0;         // width of the hidden states
  int64_t layers = 0;         // that follow the embeddings
  int64_t vocab = 0;          // ids are below it
  int64_t max_positions = 0;  // most tokens of a row

  int64_t heads = 0;
  int64_t head_dim = 0;  // hidden / heads
  int64_t ffn = 0;
  int64_t embedding = 0;    // width of the embedding tables
  bool projection = false;  // a linear layer from embedding to hidden follows the embeddings
  int64_t type_vocab = 0;   // 0: no token types
  // Rotary positions, with angles of this base, take the place of a position table; 0: a table.
  double rope_theta = 0;
  // With a table: token i of a row takes row pad_id + 1 + i of the position table, as fairseq
  // counts; a token that is pad_id itself takes row pad_id and is not counted. -1: positions count
  // from row 0.
  int64_t pad_id = -1;
  bool relative_bias = false;  // scores have a bias by kNumDistanceBuckets buckets of distance
  bool shared_layer = false;   // all layers have the weights of one
  // Layer norms come before attention and feed-forward and once after the last layer, not after
  // each sum. The first attention reads the embeddings as they are, which are normalised.
  bool pre_norm = false;
  bool gated_ffn = false;  // ffn_down(f(ffn_up(x)) * ffn_gate(x))
  // In layer i, counted from 0, for which local_layers[i], a token attends to those at most
  // local_distance away and rotary positions have a base of their own.
  std::vector<bool> local_layers;  // [layers], or empty for none
  int64_t local_distance = 0;
  double local_rope_theta = 0;
  float layer_norm_eps = 0;  // > 0
  // The network makes one vector of a row's tokens: hidden is that vector's width. There are no
  // layers then, and no limit to the tokens of a row but int32's.
  bool pools_tokens = false;
  int64_t ngram = 0;  // width of an n-gram branch (weights/use_tensors.h)
  Activation activation = Activation::kGeluErf;

  bool operator==(const NetworkConfig&) const = default;
};

// Read config.json of any known family; `where` names it in messages. What would change the forward
// pass and is not implemented (other model types, relative positions, decoders, pruned heads,
// quantised weights, custom code) is refused by name. Errors: kCorrupt, kUnsupported.
NetworkConfig ReadNetworkConfig(const Json& config, const std::string& where);

}  // namespace vecmill

// weights/bert_weights.h: our tensor <- checkpoint name, shape; for BERT.
//
// Source: the parameter names of transformers' BertModel; torch.nn.Linear keeps its weight as
// [out, in].
#pragma once

#include <vector>

#include "weights/bert_config.h"
#include "weights/checkpoint.h"
#include "weights/tensor.h"

namespace vecmill {

// Capital letters: V vocab, P max_positions, Y type_vocab, H hidden, F ffn.
struct LinearTensors {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out]
};

struct LayerNormTensors {
  Tensor gamma;  // [H]
  Tensor beta;   // [H]
};

struct BertLayerTensors {
  LinearTensors query;             // [H, H]
  LinearTensors key;               // [H, H]
  LinearTensors value;             // [H, H]
  LinearTensors attention_output;  // [H, H]
  LayerNormTensors attention_norm;
  LinearTensors ffn_up;    // [F, H]
  LinearTensors ffn_down;  // [H, F]
  LayerNormTensors ffn_norm;
};

struct BertTensors {
  Tensor word_embeddings;        // [V, H]
  Tensor position_embeddings;    // [P, H]
  Tensor token_type_embeddings;  // [Y, H]
  LayerNormTensors embedding_norm;
  std::vector<BertLayerTensors> layers;
};

// Find every tensor a BERT of this config needs, with the right shape and a dtype we can read.
// Names may start with "bert." and layer norms may say gamma and beta. Other tensors (pooler,
// heads, position_ids) are left alone, except layers that the config does not count: those make the
// folder inconsistent. No tensor is read. The result outlives the checkpoint.
// Errors: kCorrupt (missing tensors, all in one message; a wrong shape; too many layers),
// kUnsupported (dtype).
BertTensors FindBertTensors(const Checkpoint& checkpoint, const BertConfig& config);

}  // namespace vecmill

// weights/encoder_tensors.h: our tensor <- checkpoint name, shape; for encoders like BERT.
//
// Source: the parameter names of transformers' models; torch.nn.Linear keeps its weight as
// [out, in].
#pragma once

#include <string_view>
#include <vector>

#include "weights/checkpoint.h"
#include "weights/network_config.h"
#include "weights/tensor.h"

namespace vecmill {

// Capital letters: V vocab, P rows of the position table, Y type_vocab, E embedding, H hidden,
// F ffn.
struct LinearTensors {
  Tensor weight;  // [out, in]
  Tensor bias;    // [out]; empty for none
};

struct LayerNormTensors {
  Tensor gamma;  // [width]
  Tensor beta;   // [width]; empty for none
};

struct EncoderLayerTensors {
  LinearTensors query;              // [H, H]
  LinearTensors key;                // [H, H]
  LinearTensors value;              // [H, H]
  LinearTensors attention_output;   // [H, H]
  LayerNormTensors attention_norm;  // empty in the first layer of a config with pre_norm
  LinearTensors ffn_up;             // [F, H]
  LinearTensors ffn_gate;           // [F, H]; empty if the config has none
  LinearTensors ffn_down;           // [H, F]
  LayerNormTensors ffn_norm;
};

struct EncoderTensors {
  Tensor word_embeddings;           // [V, E]
  Tensor position_embeddings;       // [P, E]; empty if positions are rotary
  Tensor token_type_embeddings;     // [Y, E]; empty if Y is 0
  LayerNormTensors embedding_norm;  // of width E
  LinearTensors projection;         // [H, E]; empty if the config has none
  Tensor relative_bias;             // [kNumDistanceBuckets, heads]; empty if the config has none
  std::vector<EncoderLayerTensors> layers;
  LayerNormTensors final_norm;  // empty without pre_norm
};

// What a family calls the tensors of layer I: `prefix` + I + "." + one of the others + ".weight" or
// ".bias".
struct LayerNames {
  std::string_view prefix;
  std::string_view query;
  std::string_view key;
  std::string_view value;
  std::string_view attention_output;
  std::string_view attention_norm;
  std::string_view ffn_up;
  std::string_view ffn_down;
  std::string_view ffn_norm;
  std::string_view ffn_gate;
  // In the place of query, key and value, one below the other; of ffn_up and ffn_gate.
  std::string_view query_key_value;
  std::string_view ffn_up_gate;
};

struct EncoderNames {
  // Before every name in the checkpoint of a model with a head (BertForMaskedLM, ...): "bert.".
  std::string_view model;
  LayerNames layer;
  std::string_view words = "embeddings.word_embeddings";
  std::string_view embedding_norm = "embeddings.LayerNorm";
  std::string_view projection;     // + ".weight", ".bias"
  std::string_view relative_bias;  // + ".weight"
  std::string_view final_norm;
  bool linear_biases = true;
  bool norm_biases = true;
};

// Those of BERT, which most families kept.
inline constexpr LayerNames kBertLayerNames = {
    .prefix = "encoder.layer.",
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
    .attention_output = "attention.output.dense",
    .attention_norm = "attention.output.LayerNorm",
    .ffn_up = "intermediate.dense",
    .ffn_down = "output.dense",
    .ffn_norm = "output.LayerNorm",
};

// Find every tensor a network of this config needs, with the right shape and a dtype we can read.
// Names may start with the model's prefix and layer norms may say gamma and beta. Other tensors
// (pooler, heads, position_ids) are left alone, except layers that the config does not count: those
// make the folder inconsistent. No tensor is read. The result outlives the checkpoint.
// Errors: kCorrupt (missing tensors, all in one message; a wrong shape; too many layers),
// kUnsupported (dtype).
EncoderTensors FindEncoderTensors(const Checkpoint& checkpoint, const NetworkConfig& config,
                                  const EncoderNames& names);

// The same with the names of the config's own family.
EncoderTensors FindEncoderTensors(const Checkpoint& checkpoint, const NetworkConfig& config);

}  // namespace vecmill

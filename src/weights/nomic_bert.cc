// NomicBERT: Nussbaum et al. 2024, arXiv:2402.01613. BERT with rotary positions, a feed-forward
// gated by SiLU and no biases but those of the layer norms. Folders with the configuration of the
// model's own code, which has other words, and with that of transformers.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

// The words of modeling_hf_nomic_bert.py.
NetworkConfig ReadOwnConfig(const Json& config, const std::string& where) {
  for (const char* key :
       {"prenorm", "qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias", "rotary_emb_interleaved",
        "use_rms_norm", "parallel_block", "causal", "scale_attn_by_inverse_layer_idx"}) {
    RequireSetting(config, key, false, where);
  }
  RequireSetting(config, "activation_function", "swiglu", where);
  RequireSetting(config, "moe_every_n_layers", int64_t{0}, where);
  RefuseSet(config, {"rotary_scaling_factor", "rotary_emb_scale_base"}, where);
  if (config.GetNumber("rotary_emb_fraction", where, 1.0) != 1.0) {
    RefuseSet(config, {"rotary_emb_fraction"}, where);
  }
  constexpr SizeKeys kKeys = {
      .hidden = "n_embd", .layers = "n_layer", .heads = "n_head", .ffn = "n_inner"};
  NetworkConfig result = ReadSizes(config, kKeys, where);
  result.layer_norm_eps = ReadEpsilon(config, "layer_norm_epsilon", 1e-12, where);
  result.activation = Activation::kSilu;
  result.max_positions = ReadSize(config, "n_positions", kMaxPositions, where);
  result.rope_theta = ReadTheta(config, "rotary_emb_base", 10000.0, where);
  return result;
}

NetworkConfig ReadTransformersConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  RequireSetting(config, "head_dim", result.head_dim, where);
  ReadPositions(config, where, result);
  result.rope_theta = 1000.0;
  if (const Json* rope = config.Find("rope_parameters"); rope != nullptr && !rope->is_null()) {
    RequireSetting(*rope, "rope_type", "default", where + ": rope_parameters");
    result.rope_theta = ReadTheta(*rope, "rope_theta", 1000.0, where + ": rope_parameters");
  }
  return result;
}

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  RefuseVariants(config, where);
  RefuseCode(config, where, "modeling_hf_nomic_bert.NomicBertModel");
  NetworkConfig result = config.Find("n_embd") != nullptr ? ReadOwnConfig(config, where)
                                                          : ReadTransformersConfig(config, where);
  RequireEvenHeads(result, where);
  result.type_vocab = ReadSize(config, "type_vocab_size", kMaxTypes, where);
  result.gated_ffn = true;
  return result;
}

}  // namespace

const Family kNomicBertFamily = {.read_config = &ReadConfig,
                                 .names = {.model = "bert.",
                                           .layer = {.prefix = "encoder.layers.",
                                                     .attention_output = "attn.out_proj",
                                                     .attention_norm = "norm1",
                                                     .ffn_up = "mlp.fc12",
                                                     .ffn_down = "mlp.fc2",
                                                     .ffn_norm = "norm2",
                                                     .ffn_gate = "mlp.fc11",
                                                     .query_key_value = "attn.Wqkv"},
                                           .embedding_norm = "emb_ln",
                                           .linear_biases = false}};

}  // namespace vecmill

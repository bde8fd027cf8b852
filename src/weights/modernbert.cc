// ModernBERT: Warner et al. 2024, arXiv:2412.13663. Layer norms before the sublayers, rotary
// positions, gated feed-forward, no biases; in most layers a token attends to its neighbours only.
#include "vecmill/error.h"
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

constexpr char kFull[] = "full_attention";
constexpr char kSliding[] = "sliding_attention";

// New files list the kind of each layer, old ones say which multiples attend to everything.
std::vector<bool> ReadLocalLayers(const Json& config, int64_t layers, const std::string& where) {
  std::vector<bool> local;
  const Json* types = config.Find("layer_types");
  if (types == nullptr || types->is_null()) {
    const bool has_step = config.Find("global_attn_every_n_layers") != nullptr;
    const int64_t step =
        has_step ? ReadSize(config, "global_attn_every_n_layers", kMaxLayers, where) : 3;
    for (int64_t i = 0; i < layers; ++i) local.push_back(i % step != 0);
    return local;
  }
  for (const Json& type : config.GetArray("layer_types", where)) {
    if (type.is_string() && (type.string() == kFull || type.string() == kSliding)) {
      local.push_back(type.string() == kSliding);
      continue;
    }
    throw Error(ErrorCode::kUnsupported, where + ": layer_types has " + type.Describe() +
                                             "; this build runs full_attention and "
                                             "sliding_attention");
  }
  if (static_cast<int64_t>(local.size()) == layers) return local;
  throw Error(ErrorCode::kCorrupt, where + ": layer_types: expected one for each of " +
                                       std::to_string(layers) + " layers, found " +
                                       std::to_string(local.size()));
}

// New files have an object for each kind of layer, old ones a number.
double ReadLayerTheta(const Json& config, const char* kind, const char* old_key, double fallback,
                      const std::string& where) {
  const Json* all = config.Find("rope_parameters");
  const Json* rope = all != nullptr ? all->Find(kind) : nullptr;
  if (rope == nullptr || rope->is_null()) return ReadTheta(config, old_key, fallback, where);
  const std::string rope_where = where + ": rope_parameters: " + kind;
  RequireSetting(*rope, "rope_type", "default", rope_where);
  return ReadTheta(*rope, "rope_theta", fallback, rope_where);
}

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  RefuseCode(config, where);
  for (const char* key : {"attention_bias", "mlp_bias", "norm_bias"}) {
    RequireSetting(config, key, false, where);
  }
  RefuseSet(config, {"rope_scaling"}, where);
  NetworkConfig result = ReadSizes(config, SizeKeys{}, where);
  RequireEvenHeads(result, where);
  result.layer_norm_eps = ReadEpsilon(config, "norm_eps", 1e-5, where);
  result.activation = ReadActivation(config, "hidden_activation", where);
  ReadPositions(config, where, result);
  result.pre_norm = true;
  result.gated_ffn = true;
  result.local_layers = ReadLocalLayers(config, result.layers, where);
  const int64_t window = config.GetInt("local_attention", where, 128);
  if (window < 0) {
    throw Error(ErrorCode::kCorrupt,
                where + ": local_attention: expected 0 or more, found " + std::to_string(window));
  }
  result.local_distance = window / 2;
  result.rope_theta = ReadLayerTheta(config, kFull, "global_rope_theta", 160000.0, where);
  result.local_rope_theta = ReadLayerTheta(config, kSliding, "local_rope_theta", 10000.0, where);
  return result;
}

}  // namespace

const Family kModernBertFamily = {.read_config = &ReadConfig,
                                  .names = {.model = "model.",
                                            .layer = {.prefix = "layers.",
                                                      .attention_output = "attn.Wo",
                                                      .attention_norm = "attn_norm",
                                                      .ffn_down = "mlp.Wo",
                                                      .ffn_norm = "mlp_norm",
                                                      .query_key_value = "attn.Wqkv",
                                                      .ffn_up_gate = "mlp.Wi"},
                                            .words = "embeddings.tok_embeddings",
                                            .embedding_norm = "embeddings.norm",
                                            .final_norm = "final_norm",
                                            .linear_biases = false,
                                            .norm_biases = false}};

}  // namespace vecmill

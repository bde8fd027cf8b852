#include "weights/config_checks.h"

#include "vecmill/error.h"

namespace vecmill {
namespace {

struct NamedActivation {
  std::string_view name;
  Activation activation;
};
// Names of transformers.activations. gelu_fast and gelu_new are one formula, written differently.
constexpr NamedActivation kActivations[] = {
    {"gelu", Activation::kGeluErf},
    {"gelu_python", Activation::kGeluErf},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"gelu_accurate", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_python_tanh", Activation::kGeluTanh},
    {"relu", Activation::kRelu},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
};

[[noreturn]] void ThrowUnsupported(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kUnsupported, where + ": " + why);
}

}  // namespace

int64_t ReadSize(const Json& config, const char* key, int64_t max, const std::string& where) {
  const int64_t size = config.GetInt(key, where);
  if (size >= 1 && size <= max) return size;
  throw Error(ErrorCode::kCorrupt, where + ": " + key + ": expected 1 to " + std::to_string(max) +
                                       ", found " + std::to_string(size));
}

void RequireSetting(const Json& config, const char* key, int64_t expected,
                    const std::string& where) {
  const int64_t found = config.GetInt(key, where, expected);
  if (found == expected) return;
  ThrowUnsupported(where, std::string(key) + " " + std::to_string(found) + "; this build runs " +
                              std::to_string(expected));
}

void RequireSetting(const Json& config, const char* key, const char* expected,
                    const std::string& where) {
  const std::string found = config.GetString(key, where, std::string(expected));
  if (found == expected) return;
  ThrowUnsupported(where, std::string(key) + " " + Json(found).Describe() + "; this build runs \"" +
                              expected + "\"");
}

void RequireSetting(const Json& config, const char* key, bool expected, const std::string& where) {
  if (config.GetBool(key, where, expected) == expected) return;
  ThrowUnsupported(where, std::string(key) + (expected ? " is false; this build runs true"
                                                       : " is true; this build runs false"));
}

Activation ReadActivation(const Json& config, const char* key, const std::string& where) {
  const std::string& name = config.GetString(key, where);
  std::string known;
  for (const NamedActivation& entry : kActivations) {
    if (name == entry.name) return entry.activation;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  ThrowUnsupported(where,
                   std::string(key) + " " + Json(name).Describe() + "; this build runs " + known);
}

float ReadEpsilon(const Json& config, const char* key, double fallback, const std::string& where) {
  const double eps = config.GetNumber(key, where, fallback);
  if (eps >= 1e-30 && eps <= 1.0) return static_cast<float>(eps);
  throw Error(ErrorCode::kCorrupt,
              where + ": " + key + ": expected 1e-30 to 1, found " + Json(eps).Describe());
}

double ReadTheta(const Json& config, const char* key, double fallback, const std::string& where) {
  const double theta = config.GetNumber(key, where, fallback);
  if (theta >= 1.0 && theta <= 1e12) return theta;
  throw Error(ErrorCode::kCorrupt,
              where + ": " + key + ": expected 1 to 1e12, found " + Json(theta).Describe());
}

void RefuseSet(const Json& config, std::initializer_list<const char*> keys,
               const std::string& where) {
  for (const char* key : keys) {
    const Json* value = config.Find(key);
    if (value == nullptr || value->is_null()) continue;
    ThrowUnsupported(where, std::string(key) + " is " + value->Describe() +
                                ", a setting this build does not apply");
  }
}

void RefuseVariants(const Json& config, const std::string& where) {
  RequireSetting(config, "position_embedding_type", "absolute", where);
  for (const char* key : {"is_decoder", "add_cross_attention", "is_causal"}) {
    if (config.GetBool(key, where, false)) {
      ThrowUnsupported(where, std::string(key) + " is true; this build runs encoders");
    }
  }
  const Json* pruned = config.Find("pruned_heads");
  if (pruned != nullptr && pruned->is_object() && !pruned->object().empty()) {
    ThrowUnsupported(where, "pruned_heads: layers with heads removed do not run in this build");
  }
  const Json* quantised = config.Find("quantization_config");
  if (quantised != nullptr && !quantised->is_null()) {
    ThrowUnsupported(where, "quantization_config: quantised weights are not read by this build");
  }
}

void RefuseCode(const Json& config, const std::string& where, std::string_view known_class) {
  const Json* code = config.Find("auto_map");
  const Json* model = code != nullptr ? code->Find("AutoModel") : nullptr;
  if (model == nullptr) return;
  if (!known_class.empty() && model->is_string() && model->string().ends_with(known_class)) return;
  ThrowUnsupported(where, "auto_map: the model brings Python code of its own, " +
                              model->Describe() + ", which is never run");
}

void RequireEvenHeads(const NetworkConfig& config, const std::string& where) {
  if (config.head_dim % 2 == 0) return;
  throw Error(ErrorCode::kCorrupt, where + ": heads of " + std::to_string(config.head_dim) +
                                       " numbers have no halves to turn by rotary positions");
}

NetworkConfig ReadSizes(const Json& config, const SizeKeys& keys, const std::string& where) {
  RefuseVariants(config, where);
  NetworkConfig result;
  result.hidden = ReadSize(config, keys.hidden, kMaxHidden, where);
  result.layers = ReadSize(config, keys.layers, kMaxLayers, where);
  result.heads = ReadSize(config, keys.heads, result.hidden, where);
  if (result.hidden % result.heads != 0) {
    throw Error(ErrorCode::kCorrupt, where + ": " + keys.hidden + " " +
                                         std::to_string(result.hidden) + " is no multiple of " +
                                         keys.heads + " " + std::to_string(result.heads));
  }
  result.head_dim = result.hidden / result.heads;
  result.ffn = ReadSize(config, keys.ffn, kMaxFfn, where);
  result.vocab = ReadSize(config, "vocab_size", kMaxVocab, where);
  result.embedding = result.hidden;
  return result;
}

NetworkConfig ReadBertKeys(const Json& config, const std::string& where) {
  RefuseCode(config, where);
  NetworkConfig result = ReadSizes(config, SizeKeys{}, where);
  result.layer_norm_eps = ReadEpsilon(config, "layer_norm_eps", 1e-12, where);
  result.activation = ReadActivation(config, "hidden_act", where);
  return result;
}

void ReadPositions(const Json& config, const std::string& where, NetworkConfig& result) {
  constexpr char kKey[] = "max_position_embeddings";
  const int64_t rows = ReadSize(config, kKey, kMaxPositions, where);
  result.max_positions = rows - (result.pad_id + 1);
  if (result.max_positions >= 1) return;
  throw Error(ErrorCode::kCorrupt, where + ": " + kKey + " is " + std::to_string(rows) +
                                       ", which leaves no position after pad_token_id " +
                                       std::to_string(result.pad_id));
}

}  // namespace vecmill

#include "weights/bert_config.h"

#include <cmath>
#include <string_view>

#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr char kRuns[] = "; this build runs \"bert\"";

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
};

[[noreturn]] void ThrowUnsupported(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kUnsupported, where + ": " + why);
}

int64_t ReadSize(const Json& config, const char* key, int64_t max, const std::string& where) {
  const int64_t size = config.GetInt(key, where);
  if (size >= 1 && size <= max) return size;
  throw Error(ErrorCode::kCorrupt, where + ": " + key + ": expected 1 to " + std::to_string(max) +
                                       ", found " + std::to_string(size));
}

float ReadEpsilon(const Json& config, const std::string& where) {
  const double eps = config.GetNumber("layer_norm_eps", where, 1e-12);
  if (eps >= 1e-30 && eps <= 1.0) return static_cast<float>(eps);
  throw Error(ErrorCode::kCorrupt,
              where + ": layer_norm_eps: expected 1e-30 to 1, found " + Json(eps).Describe());
}

Activation ReadActivation(const Json& config, const std::string& where) {
  const std::string& name = config.GetString("hidden_act", where);
  std::string known;
  for (const NamedActivation& entry : kActivations) {
    if (name == entry.name) return entry.activation;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  ThrowUnsupported(where, "hidden_act " + Json(name).Describe() + "; this build runs " + known);
}

// Refuse every setting that would change what BertModel.forward computes.
void RefuseVariants(const Json& config, const std::string& where) {
  const std::string positions =
      config.GetString("position_embedding_type", where, std::string("absolute"));
  if (positions != "absolute") {
    ThrowUnsupported(where, "position_embedding_type " + Json(positions).Describe() +
                                "; this build runs \"absolute\"");
  }
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
  const Json* code = config.Find("auto_map");
  if (code != nullptr && code->Find("AutoModel") != nullptr) {
    ThrowUnsupported(where,
                     "auto_map: the model brings Python code of its own, which is never run");
  }
}

}  // namespace

BertConfig ReadBertConfig(const Json& config, const std::string& where) {
  const std::string& model_type = config.GetString("model_type", where);
  if (model_type != "bert") {
    ThrowUnsupported(where, "model_type " + Json(model_type).Describe() + kRuns);
  }
  RefuseVariants(config, where);

  BertConfig bert;
  bert.hidden = ReadSize(config, "hidden_size", 65536, where);
  bert.layers = ReadSize(config, "num_hidden_layers", 1000, where);
  bert.heads = ReadSize(config, "num_attention_heads", bert.hidden, where);
  if (bert.hidden % bert.heads != 0) {
    throw Error(ErrorCode::kCorrupt, where + ": hidden_size " + std::to_string(bert.hidden) +
                                         " is no multiple of num_attention_heads " +
                                         std::to_string(bert.heads));
  }
  bert.head_dim = bert.hidden / bert.heads;
  bert.ffn = ReadSize(config, "intermediate_size", 4 * 65536, where);
  bert.vocab = ReadSize(config, "vocab_size", 16 << 20, where);
  bert.max_positions = ReadSize(config, "max_position_embeddings", 1 << 20, where);
  bert.type_vocab = ReadSize(config, "type_vocab_size", 1024, where);
  bert.layer_norm_eps = ReadEpsilon(config, where);
  bert.activation = ReadActivation(config, where);
  return bert;
}

}  // namespace vecmill

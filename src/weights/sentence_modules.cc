// Settings are read against closed lists: a key that is not known here may change vectors, and
// sentence-transformers itself fails on keys it does not know.
#include "weights/sentence_modules.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "vecmill/error.h"
#include "weights/model_file.h"

namespace vecmill {
namespace {

constexpr char kModulesFile[] = "modules.json";
constexpr int64_t kMaxFeatures = 1 << 20;  // of a Dense or LayerNorm module
constexpr char kRunsModules[] =
    "; this build runs Transformer, Pooling, Dense, LayerNorm, Normalize, "
    "StaticEmbedding";
constexpr char kRunsPooling[] =
    "; this build runs mean, cls, max, mean_sqrt_len_tokens, weightedmean, lasttoken";

enum class ModuleKind { kTransformer, kPooling, kDense, kLayerNorm, kNormalize, kStaticEmbedding };

struct Module {
  ModuleKind kind;
  std::string path;
};

[[noreturn]] void ThrowCorrupt(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, where + ": " + why);
}

[[noreturn]] void ThrowUnsupported(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kUnsupported, where + ": " + why);
}

void RefuseUnknownKeys(const Json& settings, std::initializer_list<std::string_view> known,
                       const std::string& where) {
  for (const auto& [key, value] : settings.object()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    ThrowUnsupported(where, "setting " + Json(key).Describe() + " is not known to this build");
  }
}

// Refuse members that would change vectors unless they are absent, null or empty.
void RefuseFilled(const Json& settings, std::initializer_list<const char*> keys,
                  const std::string& where) {
  for (const char* key : keys) {
    const Json* value = settings.Find(key);
    if (value == nullptr || value->is_null()) continue;
    if (value->is_object() && value->object().empty()) continue;
    ThrowUnsupported(where, std::string(key) + " is " + value->Describe() +
                                ", a setting this build does not apply");
  }
}

void RequireString(const Json& settings, const char* key, const char* expected,
                   const std::string& where) {
  const std::string found = settings.GetString(key, where, std::string(expected));
  if (found == expected) return;
  ThrowUnsupported(where, std::string(key) + " " + Json(found).Describe() + "; this build runs \"" +
                              expected + "\"");
}

// The parts between the dots of "sentence_transformers.models.Pooling".
std::vector<std::string_view> SplitDots(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

// Old folders say sentence_transformers.models.Pooling, new ones
// sentence_transformers.sentence_transformer.modules.pooling.Pooling or
// sentence_transformers.base.modules.normalize.Normalize; the class comes last.
ModuleKind ReadModuleKind(const std::string& type, const std::string& where) {
  constexpr std::string_view kPackages[] = {
      "models", "base",       "modules",   "sentence_transformer", "transformer", "pooling",
      "dense",  "layer_norm", "normalize", "static_embedding"};
  const std::vector<std::string_view> parts = SplitDots(type);
  const bool packages_known =
      parts.size() >= 3 && parts.front() == "sentence_transformers" &&
      std::all_of(parts.begin() + 1, parts.end() - 1, [&](std::string_view part) {
        return std::find(std::begin(kPackages), std::end(kPackages), part) != std::end(kPackages);
      });
  if (packages_known && parts.back() == "Transformer") return ModuleKind::kTransformer;
  if (packages_known && parts.back() == "Pooling") return ModuleKind::kPooling;
  if (packages_known && parts.back() == "Dense") return ModuleKind::kDense;
  if (packages_known && parts.back() == "StaticEmbedding") return ModuleKind::kStaticEmbedding;
  if (packages_known && parts.back() == "LayerNorm") return ModuleKind::kLayerNorm;
  if (packages_known && parts.back() == "Normalize") return ModuleKind::kNormalize;
  ThrowUnsupported(where, "module " + Json(type).Describe() + kRunsModules);
}

std::vector<Module> ReadModules(const std::string& folder) {
  const auto file = OpenModelFile(folder, kModulesFile);
  const Json list = ParseJson(file->text(), file->path());
  if (!list.is_array()) {
    ThrowCorrupt(file->path(), "expected an array of modules, found " + list.Describe());
  }
  std::vector<Module> modules;
  std::vector<std::string> names;
  for (size_t i = 0; i < list.array().size(); ++i) {
    const Json& entry = list.array()[i];
    const std::string where = file->path() + ": module " + std::to_string(i);
    const std::string& name = entry.GetString("name", where);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      ThrowCorrupt(where, "its name " + Json(name).Describe() + " is that of an earlier module");
    }
    names.push_back(name);
    const std::string& path = entry.GetString("path", where);
    CheckRelativePath(path, where + ": path");
    modules.push_back({ReadModuleKind(entry.GetString("type", where), where), path});
  }
  size_t num_known = 0;
  const auto skip = [&](ModuleKind kind) {
    const bool is_next = num_known < modules.size() && modules[num_known].kind == kind;
    if (is_next) ++num_known;
    return is_next;
  };
  const bool is_static = skip(ModuleKind::kStaticEmbedding);
  const bool begins_well =
      is_static || (skip(ModuleKind::kTransformer) && skip(ModuleKind::kPooling));
  while (!is_static && (skip(ModuleKind::kDense) || skip(ModuleKind::kLayerNorm))) {
  }
  skip(ModuleKind::kNormalize);
  if (!begins_well || num_known < modules.size()) {
    ThrowUnsupported(file->path(), "a chain of " + std::to_string(modules.size()) +
                                       " modules that is neither Transformer, Pooling and "
                                       "optionally Dense or LayerNorm and Normalize nor "
                                       "StaticEmbedding and optionally Normalize, in this order");
  }
  return modules;
}

// As sentence-transformers calls them, and as old files switch them on.
struct PoolingMode {
  std::string_view name;
  const char* key;
  Pooling pooling;
};
constexpr PoolingMode kModes[] = {
    {"cls", "pooling_mode_cls_token", Pooling::kCls},
    {"max", "pooling_mode_max_tokens", Pooling::kMax},
    {"mean", "pooling_mode_mean_tokens", Pooling::kMean},
    {"mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanSqrtLen},
    {"weightedmean", "pooling_mode_weightedmean_tokens", Pooling::kWeightedMean},
    {"lasttoken", "pooling_mode_lasttoken", Pooling::kLast},
};

// Names of the pooling modes that are on. Old files hold a boolean for each mode, new ones
// pooling_mode, a name or a list of names, which wins.
std::vector<std::string> ReadPoolingModes(const Json& config, const std::string& where) {
  const Json* mode = config.Find("pooling_mode");
  if (mode != nullptr && mode->is_array()) {
    std::vector<std::string> modes;
    for (const Json& name : mode->array()) {
      if (!name.is_string()) {
        ThrowCorrupt(where, "pooling_mode: expected names, found " + name.Describe());
      }
      modes.push_back(name.string());
    }
    return modes;
  }
  if (mode != nullptr) return {config.GetString("pooling_mode", where)};

  std::vector<std::string> modes;
  for (const PoolingMode& known : kModes) {
    if (config.GetBool(known.key, where, false)) modes.emplace_back(known.name);
  }
  if (modes.empty()) modes.emplace_back("mean");
  return modes;
}

void ReadPooling(const std::string& folder, const std::string& path, SentenceModules& result) {
  const std::string name = JoinPath(path, "config.json");
  const Json config = ReadModelJson(folder, name);
  const std::string where = JoinPath(folder, name);
  RefuseUnknownKeys(config,
                    {"word_embedding_dimension", "embedding_dimension", "pooling_mode",
                     "include_prompt", "pooling_mode_cls_token", "pooling_mode_max_tokens",
                     "pooling_mode_mean_tokens", "pooling_mode_mean_sqrt_len_tokens",
                     "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"},
                    where);

  const std::vector<std::string> modes = ReadPoolingModes(config, where);
  if (modes.empty()) ThrowCorrupt(where, "pooling_mode: expected a name at least, found none");
  result.poolings.clear();
  for (const std::string& name_of_mode : modes) {
    const auto* const mode = std::find_if(std::begin(kModes), std::end(kModes),
                                          [&](const auto& m) { return m.name == name_of_mode; });
    if (mode == std::end(kModes)) {
      ThrowUnsupported(where, "pooling mode " + Json(name_of_mode).Describe() + kRunsPooling);
    }
    result.poolings.push_back(mode->pooling);
  }
  result.pools_prompt = config.GetBool("include_prompt", where, true);
  const bool is_new = config.Find("embedding_dimension") != nullptr;
  result.pooling_dim =
      config.GetInt(is_new ? "embedding_dimension" : "word_embedding_dimension", where);
}

HeadModule ReadDense(const std::string& folder, const std::string& path) {
  using Function = HeadModule::Function;
  constexpr std::pair<std::string_view, Function> kFunctions[] = {
      {"torch.nn.modules.linear.Identity", Function::kIdentity},
      {"torch.nn.modules.activation.Tanh", Function::kTanh},
      {"torch.nn.modules.activation.ReLU", Function::kRelu},
      {"torch.nn.modules.activation.GELU", Function::kGelu},
  };
  const std::string name = JoinPath(path, "config.json");
  const Json config = ReadModelJson(folder, name);
  const std::string where = JoinPath(folder, name);
  RefuseUnknownKeys(config,
                    {"in_features", "out_features", "bias", "activation_function",
                     "module_input_name", "module_output_name"},
                    where);
  RequireString(config, "module_input_name", "sentence_embedding", where);
  RequireString(config, "module_output_name", "sentence_embedding", where);
  CheckInside(folder, path);
  HeadModule dense{.path = path,
                   .in = config.GetInt("in_features", where),
                   .out = config.GetInt("out_features", where),
                   .bias = config.GetBool("bias", where, true)};
  if (dense.in < 1 || dense.in > kMaxFeatures || dense.out < 1 || dense.out > kMaxFeatures) {
    ThrowCorrupt(where, "in_features and out_features: expected 1 to " +
                            std::to_string(kMaxFeatures) + ", found " + std::to_string(dense.in) +
                            " and " + std::to_string(dense.out));
  }
  const std::string function =
      config.GetString("activation_function", where, std::string(kFunctions[1].first));
  const auto* const found =
      std::find_if(std::begin(kFunctions), std::end(kFunctions),
                   [&](const auto& known) { return known.first == function; });
  if (found == std::end(kFunctions)) {
    ThrowUnsupported(where, "activation_function " + Json(function).Describe() +
                                "; this build runs Identity, Tanh, ReLU, GELU");
  }
  dense.function = found->second;
  return dense;
}

HeadModule ReadLayerNorm(const std::string& folder, const std::string& path) {
  const std::string name = JoinPath(path, "config.json");
  const Json config = ReadModelJson(folder, name);
  const std::string where = JoinPath(folder, name);
  RefuseUnknownKeys(config, {"dimension"}, where);
  CheckInside(folder, path);
  const int64_t dimension = config.GetInt("dimension", where);
  if (dimension < 1 || dimension > kMaxFeatures) {
    ThrowCorrupt(where, "dimension: expected 1 to " + std::to_string(kMaxFeatures) + ", found " +
                            std::to_string(dimension));
  }
  return {.kind = HeadModule::Kind::kLayerNorm, .path = path, .in = dimension, .out = dimension};
}

void CheckNormalize(const std::string& folder, const std::string& path) {
  const std::string name = JoinPath(path, "config.json");
  if (path.empty() || !ModelFileExists(folder, name)) return;  // written since 6.0
  const Json config = ReadModelJson(folder, name);
  const std::string where = JoinPath(folder, name);
  RequireString(config, "module_input_name", "sentence_embedding", where);
  RequireString(config, "module_output_name", "sentence_embedding", where);
}

// The Transformer module's settings: the first of these files that is there and not empty.
void ReadTransformer(const std::string& folder, SentenceModules& result) {
  constexpr const char* kNames[] = {
      "sentence_bert_config.json",       "sentence_roberta_config.json",
      "sentence_distilbert_config.json", "sentence_camembert_config.json",
      "sentence_albert_config.json",     "sentence_xlm-roberta_config.json",
      "sentence_xlnet_config.json",
  };
  Json config{Json::Object{}};
  std::string where = folder;
  for (const char* file : kNames) {
    const std::string name = JoinPath(result.transformer_path, file);
    if (!config.object().empty() || !ModelFileExists(folder, name)) continue;
    config = ReadModelJson(folder, name);
    where = JoinPath(folder, name);
  }
  RefuseUnknownKeys(config,
                    {"max_seq_length", "do_lower_case", "transformer_task", "modality_config",
                     "module_output_name", "processing_kwargs", "unpad_inputs", "query_length",
                     "document_length", "query_expansion", "model_args", "model_kwargs",
                     "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs"},
                    where);
  RefuseFilled(
      config,
      {"processing_kwargs", "query_length", "document_length", "query_expansion", "model_args",
       "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs"},
      where);
  RequireString(config, "transformer_task", "feature-extraction", where);
  RequireString(config, "module_output_name", "token_embeddings", where);
  if (const Json* modalities = config.Find("modality_config"); modalities != nullptr) {
    const Json& text = modalities->GetObject("text", where + ": modality_config");
    RequireString(text, "method", "forward", where + ": modality_config.text");
    RequireString(text, "method_output_name", "last_hidden_state",
                  where + ": modality_config.text");
  }
  result.lower_case = config.GetBool("do_lower_case", where, false);

  const Json* length = config.Find("max_seq_length");
  if (length == nullptr || length->is_null()) return;
  result.max_seq_length = config.GetInt("max_seq_length", where);
  if (*result.max_seq_length < 2) {
    ThrowCorrupt(where, "max_seq_length: expected at least 2, found " + length->Describe());
  }
}

std::vector<NamedPrompt> ReadPrompts(const Json& config, const std::string& where) {
  std::vector<NamedPrompt> prompts;
  const Json* found = config.Find("prompts");
  if (found == nullptr || found->is_null()) return prompts;
  const Json& object = config.GetObject("prompts", where);
  for (const auto& [name, text] : object.object()) {
    if (!text.is_string()) {
      ThrowCorrupt(where, "prompts: " + name + ": expected a text, found " + text.Describe());
    }
    prompts.push_back({name, text.string()});
  }
  return prompts;
}

Similarity ReadSimilarity(const Json& config, const std::string& where) {
  const Json* found = config.Find("similarity_fn_name");
  if (found == nullptr || found->is_null()) return Similarity::kCosine;
  const std::string& name = config.GetString("similarity_fn_name", where);
  for (const NamedSimilarity& entry : kSimilarities) {
    if (entry.name == name) return entry.similarity;
  }
  ThrowUnsupported(where, "similarity_fn_name " + Json(name).Describe() +
                              "; this build runs cosine, dot, euclidean, manhattan");
}

// Settings of the model as a whole.
void ReadModel(const std::string& folder, SentenceModules& result) {
  constexpr char kName[] = "config_sentence_transformers.json";
  if (!ModelFileExists(folder, kName)) return;
  const Json config = ReadModelJson(folder, kName);
  const std::string where = JoinPath(folder, kName);
  RequireString(config, "model_type", "SentenceTransformer", where);
  result.prompts = ReadPrompts(config, where);
  result.similarity = ReadSimilarity(config, where);
  const Json* dim = config.Find("truncate_dim");
  if (dim != nullptr && !dim->is_null()) {
    result.truncate_dim = config.GetInt("truncate_dim", where);
    if (*result.truncate_dim < 1) {
      ThrowCorrupt(where, "truncate_dim: expected at least 1, found " + dim->Describe());
    }
  }
  const Json* name = config.Find("default_prompt_name");
  if (name == nullptr || name->is_null()) return;
  result.default_prompt_name = config.GetString("default_prompt_name", where);
  for (const NamedPrompt& prompt : result.prompts) {
    if (prompt.name == result.default_prompt_name) return;
  }
  ThrowCorrupt(where, "default_prompt_name " + name->Describe() + " is none of the prompts");
}

}  // namespace

SentenceModules ReadSentenceModules(const std::string& folder) {
  const std::vector<Module> modules = ReadModules(folder);
  SentenceModules result;
  ReadModel(folder, result);
  result.transformer_path = modules[0].path;
  result.normalize = modules.back().kind == ModuleKind::kNormalize;
  if (result.normalize) CheckNormalize(folder, modules.back().path);
  result.is_static = modules[0].kind == ModuleKind::kStaticEmbedding;
  if (result.is_static) return result;
  ReadTransformer(folder, result);
  ReadPooling(folder, modules[1].path, result);
  int64_t dim = result.pooling_dim * static_cast<int64_t>(result.poolings.size());
  for (const Module& module : modules) {
    const bool is_dense = module.kind == ModuleKind::kDense;
    if (!is_dense && module.kind != ModuleKind::kLayerNorm) continue;
    result.head.push_back(is_dense ? ReadDense(folder, module.path)
                                   : ReadLayerNorm(folder, module.path));
    if (result.head.back().in != dim) {
      ThrowCorrupt(JoinPath(folder, module.path),
                   std::string(is_dense ? "in_features" : "dimension") + " is " +
                       std::to_string(result.head.back().in) + ", but the module before it gives " +
                       std::to_string(dim) + " values");
    }
    dim = result.head.back().out;
  }
  return result;
}

}  // namespace vecmill

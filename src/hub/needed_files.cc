#include "hub/needed_files.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "base/shard_name.h"
#include "hub/model_id.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr std::string_view kSingleWeights = "model.safetensors";
constexpr std::string_view kWeightsIndex = "model.safetensors.index.json";

// Of the model as a whole, in its folder only.
constexpr std::string_view kModelFiles[] = {"modules.json", "config_sentence_transformers.json",
                                            "config.json"};

// In every module's folder.
constexpr std::string_view kModuleFiles[] = {
    "config.json",
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sp.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
};

template <size_t n>
bool IsOneOf(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

bool IsSafetensors(std::string_view path) { return path.ends_with(".safetensors"); }

std::set<std::string> ModuleFolders(std::optional<std::string_view> modules_json,
                                    const std::string& where) {
  if (!modules_json) return {""};
  const Json modules = ParseJson(*modules_json, where);
  if (!modules.is_array()) {
    throw Error(ErrorCode::kCorrupt, where + ": expected an array, found " + modules.Describe());
  }
  std::set<std::string> folders;
  for (const Json& module : modules.array()) {
    std::string folder = module.GetString("path", where);
    while (folder.ends_with('/')) folder.pop_back();
    if (folder == ".") folder.clear();  // as model2vec writes it
    if (!folder.empty() && !IsPathBelow(folder)) {
      throw Error(ErrorCode::kCorrupt, where + ": path " + Json(folder).Describe() +
                                           " is not a folder below the model's");
    }
    folders.insert(std::move(folder));
  }
  return folders;
}

std::vector<std::string> NeededFiles(std::span<const std::string> paths,
                                     const std::set<std::string>& module_folders) {
  const auto is_listed = [&](const std::string& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  std::vector<std::string> needed;
  for (const std::string& path : paths) {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "" : path.substr(0, slash);
    const std::string name = slash == path.npos ? path : path.substr(slash + 1);
    const bool in_module = module_folders.contains(folder);
    const std::string single = (folder.empty() ? "" : folder + "/") + std::string(kSingleWeights);
    const bool is_weights = name == kSingleWeights ||
                            ((name == kWeightsIndex || IsShardName(name)) && !is_listed(single));
    if ((folder.empty() && IsOneOf(kModelFiles, name)) ||
        (in_module && (IsOneOf(kModuleFiles, name) || is_weights))) {
      needed.push_back(path);
    }
  }
  return needed;
}

}  // namespace vecmill

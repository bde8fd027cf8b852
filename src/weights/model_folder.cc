#include "weights/model_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/json.h"
#include "vecmill/error.h"
#include "weights/checkpoint.h"
#include "weights/model_file.h"
#include "weights/static_embedding.h"
#include "weights/tokenizer_config.h"

namespace vecmill {
namespace {

constexpr char kHolds[] =
    "; a model folder holds config.json, model.safetensors and tokenizer.json, and for "
    "sentence-transformers modules.json with what it names";

void RequireFolder(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) return;
  if (std::filesystem::exists(status)) {
    throw Error(ErrorCode::kInvalidArgument, path + ": is not a folder" + kHolds);
  }
  throw Error(error && status.type() != std::filesystem::file_type::not_found
                  ? ErrorCode::kIo
                  : ErrorCode::kNotFound,
              path + ": " + (error ? error.message() : "no such folder"));
}

// What sentence-transformers does with a folder that has no modules.json.
SentenceModules DefaultModules(const Json& config, const std::string& where) {
  const Json* architectures = config.Find("architectures");
  if (architectures != nullptr && architectures->is_array() && !architectures->array().empty()) {
    const Json& first = architectures->array().front();
    if (first.is_string() && first.string().ends_with("ForCausalLM")) {
      throw Error(ErrorCode::kUnsupported, where + ": architecture " + first.Describe() +
                                               " pools the last token; this build runs mean, cls, "
                                               "max");
    }
  }
  return {.transformer_path = "", .max_seq_length = std::nullopt};
}

}  // namespace

ModelFolder ModelFolder::Open(const std::string& path) {
  RequireFolder(path);
  const bool has_modules = ModelFileExists(path, "modules.json");
  SentenceModules modules;
  if (has_modules) modules = ReadSentenceModules(path);

  ModelFolder folder;
  folder.path = path;
  CheckInside(path, modules.transformer_path);
  folder.transformer_folder = JoinPath(path, modules.transformer_path);
  folder.tokenizer_file = JoinPath(folder.transformer_folder, "tokenizer.json");
  if (modules.is_static) {
    folder.OpenStatic();
  } else {
    folder.OpenTransformer(has_modules, modules);
  }
  folder.poolings = modules.poolings;
  folder.head = modules.head;
  folder.normalize = modules.normalize;
  folder.prompts = modules.prompts;
  folder.default_prompt_name = modules.default_prompt_name;
  folder.pools_prompt = modules.pools_prompt;
  folder.truncate_dim = modules.truncate_dim;
  folder.similarity = modules.similarity;
  return folder;
}

void ModelFolder::OpenStatic() {
  config = StaticConfig(FindStaticTensors(Checkpoint::Open(transformer_folder)));
  has_special_tokens = false;
  max_seq_length = ReadStaticMaxTokens(transformer_folder);
}

void ModelFolder::OpenTransformer(bool has_modules, SentenceModules& modules) {
  const std::string where = JoinPath(transformer_folder, "config.json");
  if (!ModelFileExists(transformer_folder, "config.json")) {
    throw Error(ErrorCode::kNotFound, where + ": no such file" + kHolds);
  }
  const Json json = ReadModelJson(transformer_folder, "config.json");
  config = ReadNetworkConfig(json, where);
  if (config.pools_tokens) {
    OpenUse(has_modules, modules);
    return;
  }
  if (!has_modules) modules = DefaultModules(json, where);
  if (has_modules && modules.pooling_dim != config.hidden) {
    throw Error(ErrorCode::kCorrupt, path + ": the Pooling module is made for a hidden size of " +
                                         std::to_string(modules.pooling_dim) + ", but " + where +
                                         " says " + std::to_string(config.hidden));
  }
  const TokenizerConfig tokenizer = ReadTokenizerConfig(transformer_folder, modules.lower_case);
  max_seq_length =
      std::min(modules.max_seq_length.value_or(tokenizer.model_max_length), config.max_positions);
}

void ModelFolder::OpenUse(bool has_modules, SentenceModules& modules) {
  constexpr char kTokenizer[] = "sp.model";
  if (has_modules) {
    throw Error(ErrorCode::kUnsupported,
                JoinPath(path, "modules.json") + ": a " + config.model_type +
                    " pools its tokens itself; this build runs it without modules");
  }
  if (!ModelFileExists(path, kTokenizer)) {
    throw Error(ErrorCode::kNotFound, JoinPath(path, kTokenizer) +
                                          ": no such file; `vecmill import use` writes it beside "
                                          "config.json and model.safetensors");
  }
  CheckInside(path, kTokenizer);
  tokenizer_file = JoinPath(path, kTokenizer);
  modules.poolings = {Pooling::kMeanSqrtLen};
  modules.normalize = true;
  max_seq_length = config.max_positions;
}

}  // namespace vecmill

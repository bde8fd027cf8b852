#include "info_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "hub/model_files.h"
#include "hub/model_source.h"
#include "hub_environment.h"
#include "text_format.h"
#include "vecmill/embedder.h"
#include "weight_cache_option.h"

namespace vecmill {
namespace {

void PrintSource(const ModelSource& source) {
  if (source.id.empty()) return;
  std::printf("hub         %s at %s\n", source.id.c_str(), source.revision.c_str());
}

void PrintLayers(const ModelDescription& model) {
  if (model.pools_tokens) {
    std::printf("layers      one, 0 or -1: the network pools, and gives [rows, %lld]\n",
                static_cast<long long>(model.hidden));
    return;
  }
  std::printf("layers      for --layers, each [tokens, %lld]\n",
              static_cast<long long>(model.hidden));
  for (int64_t layer = 0; layer <= model.num_layers; ++layer) {
    const char* name = layer == 0 ? " the embeddings" : layer == model.num_layers ? " last" : "";
    std::printf("  %4lld or %lld%s\n", static_cast<long long>(layer),
                static_cast<long long>(layer - model.num_layers - 1), name);
  }
}

void PrintPrompts(const ModelDescription& model) {
  if (model.prompts.empty()) std::printf("prompts     none\n");
  for (const auto& [name, text] : model.prompts) {
    std::printf("prompt      %s: \"%s\"\n", name.c_str(), text.c_str());
  }
  if (!model.prompt.empty()) std::printf("by default  \"%s\"\n", model.prompt.c_str());
}

void PrintModel(const ModelDescription& model) {
  const ColumnDescription& vector = model.columns.front();
  std::printf("model       %s\n", model.path.c_str());
  std::printf("family      %s\n", model.architecture.c_str());
  std::printf("vector      %lld values, %s pooling of the last layer%s\n",
              static_cast<long long>(vector.dim), PoolingNames(vector.poolings).c_str(),
              vector.normalized ? ", unit length" : "");
  std::printf("similarity  %s\n", std::string(SimilarityName(model.similarity)).c_str());
  if (model.max_seq_length == kAnyLength) {
    std::printf("tokens      any number of a row, special tokens included\n");
  } else {
    std::printf("tokens      up to %s of a row, special tokens included; longer rows are cut\n",
                FormatCount(model.max_seq_length).c_str());
  }
  PrintPrompts(model);
  std::printf("weights     %s in memory, sha256 %s\n", FormatBytes(model.weight_bytes).c_str(),
              model.weights_sha256.c_str());
  if (!model.weight_cache_file.empty()) {
    std::printf("shared      with all processes that map %s\n", model.weight_cache_file.c_str());
  }
  WarnOfWeightCache(model.weight_cache_problem);
  std::printf("cost        %.1f MFLOP a token", model.flop_per_token / 1e6);
  if (model.flop_per_row > 0) std::printf(", %.1f a row", model.flop_per_row / 1e6);
  std::printf("\n");
  PrintLayers(model);
}

void PrintFiles(const std::string& folder) {
  std::printf("files       sha256, size, name\n");
  for (const ModelFile& file : ListModelFiles(folder)) {
    std::printf("  %s %13s  %s\n", file.sha256.c_str(), FormatCount(file.size).c_str(),
                file.path.c_str());
  }
}

}  // namespace

void AddInfoCommand(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("info", "Print what a model folder holds, or why it is not supported");
  const auto model = std::make_shared<std::string>();
  const auto options = std::make_shared<EmbedderOptions>();
  command->add_option("MODEL", *model, "Model folder, or a hub's ORG/NAME[@REVISION]")->required();
  AddWeightCacheOption(*command, *options);
  command->callback([model, options, &exit_code] {
    const ModelSource source = FindModel(*model, HubCacheFromEnvironment());
    PrintSource(source);
    PrintModel(Embedder::Load(source.folder, *options)->description());
    PrintFiles(source.folder);
    exit_code = 0;
  });
}

}  // namespace vecmill

#include "pull_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "hub/pull.h"
#include "hub_environment.h"
#include "progress_display.h"
#include "text_format.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr const char* kEnvironment = R"(Environment, as huggingface_hub reads it:
  HF_HUB_CACHE, HF_HOME     the cache: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub
  HF_TOKEN                  token of an account, for private and gated models (else HF_HOME/token)
  HF_ENDPOINT               another hub than https://huggingface.co
  HF_HUB_OFFLINE=1          make no connection
  HF_HUB_DOWNLOAD_TIMEOUT   seconds without a byte until a connection is given up (10)
  https_proxy, no_proxy, SSL_CERT_FILE

What is in the cache already is verified and not fetched again. An interrupted pull goes on where it
stopped. The model folder's path is printed to stdout.)";

struct PullFlags {
  std::string model;
  std::string progress = "auto";
};

void PrintSummary(const ModelId& id, const PulledModel& pulled) {
  const TransferProgress& t = pulled.transfer;
  if (t.total_files == 0) {
    std::fprintf(stderr, "%s at %s: in the cache (offline)\n", id.repository.c_str(),
                 pulled.commit.c_str());
    return;
  }
  std::fprintf(stderr, "%s at %s: %s files, %s, verified; fetched %s in %s\n",
               id.repository.c_str(), pulled.commit.c_str(), FormatCount(t.files).c_str(),
               FormatBytes(t.bytes).c_str(), FormatBytes(t.fetched_bytes).c_str(),
               FormatDuration(t.seconds).c_str());
}

int RunPull(const PullFlags& flags) {
  const std::optional<ModelId> id = ParseModelId(flags.model);
  if (!id) {
    throw Error(ErrorCode::kInvalidArgument,
                flags.model + ": is no model of a hub: expected ORG/NAME or ORG/NAME@REVISION");
  }
  ProgressDisplay display(ParseProgressMode(flags.progress));
  PulledModel pulled;
  try {
    pulled = PullModel(HubOptionsFromEnvironment(), *id,
                       [&](const TransferProgress& progress) { display.Show(progress); });
  } catch (...) {
    display.End();
    throw;
  }
  display.End();
  if (flags.progress != "none") PrintSummary(*id, pulled);
  std::printf("%s\n", pulled.folder.c_str());
  return 0;
}

}  // namespace

void AddPullCommand(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("pull", "Fetch a model from the hub into the cache that --model looks in");
  const auto flags = std::make_shared<PullFlags>();
  command
      ->add_option("MODEL", flags->model,
                   "ORG/NAME or ORG/NAME@REVISION, a branch, tag or commit; a bare NAME means "
                   "sentence-transformers/NAME")
      ->required();
  command->add_option("--progress", flags->progress, "auto (a bar on a terminal), json or none")
      ->check(CLI::IsMember({"auto", "json", "none"}))
      ->capture_default_str();
  command->footer(kEnvironment);
  command->callback([flags, &exit_code] { exit_code = RunPull(*flags); });
}

}  // namespace vecmill

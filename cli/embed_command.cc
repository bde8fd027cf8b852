#include "embed_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include "hub/model_source.h"
#include "hub_environment.h"
#include "progress_display.h"
#include "run/embed_job.h"
#include "text_format.h"
#include "vecmill/dtype.h"
#include "vecmill/error.h"
#include "weight_cache_option.h"

namespace vecmill {
namespace {

std::atomic<bool> stop_requested = false;
std::atomic<int> stop_signal = 0;

// The first signal asks the run to stop in good order; the next one ends the process at once.
void OnStopSignal(int signal) {
  stop_signal = signal;
  stop_requested = true;
  std::signal(signal, SIG_DFL);
}

void InstallStopSignals() {
  struct sigaction action = {};
  action.sa_handler = OnStopSignal;  // without SA_RESTART: a read that waits for input must end
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

constexpr const char* kLayersHelp = R"(Layers (--layers [NAME=]EXPR, several columns from one pass):
  -2                        the last layer but one; 0 is the embeddings, last is -1
  mean(-4:-1)               mean, sum, max or concat of layers; -4:-1 is a range
  0.7*-1+0.3*-2             a weighted sum
  first_last                mean(0,-1)
  concat(-1,-2):cls         pooled by: mean, cls, max, last, mean_sqrt_len, weightedmean,
                            none (a vector for each token); default: as the model says)";

struct EmbedFlags {
  EmbedJob job;
  std::string output_column = "embedding";
  std::vector<std::string> layers;
  std::string long_rows = "truncate";
  std::optional<std::string> chunks;
  std::optional<std::string> chunk_context;
  ChunkOptions chunk_options;
  std::string on_error = "null";
  bool normalize = false;
  bool no_normalize = false;
  std::string dtype = "float32";
  std::string progress = "auto";
  std::string stats_path;
};

// As sentence-transformers has it.
constexpr int64_t kFewCalibrationRows = 100;

void PrintDtype(const RunSummary& s) {
  if (s.dtype == Dtype::kFloat32) return;
  const std::string name(DtypeName(s.dtype));
  std::fprintf(stderr, "  values: %s", name.c_str());
  if (HasRanges(s.dtype) && s.calibration_rows > 0) {
    std::fprintf(stderr, ", ranges of the first %s rows", FormatCount(s.calibration_rows).c_str());
  }
  std::fprintf(stderr, IsBinary(s.dtype) ? "\n" : "; clipped: %s\n",
               FormatCount(s.clipped_values).c_str());
}

void WarnOfFewRows(const RunSummary& s) {
  if (!HasRanges(s.dtype) || s.calibration_rows == 0) return;
  if (s.calibration_rows >= kFewCalibrationRows) return;
  std::fprintf(stderr,
               "vecmill: warning: the ranges of %s come from %s rows; give --ranges of a larger "
               "table, or more rows\n",
               std::string(DtypeName(s.dtype)).c_str(), FormatCount(s.calibration_rows).c_str());
}

void PrintSummary(const RunSummary& s) {
  std::fprintf(stderr, "%s rows, %s tokens in %s: %s rows/s, %s tokens/s\n",
               FormatCount(s.rows).c_str(), FormatCount(s.tokens).c_str(),
               FormatDuration(s.embed_seconds).c_str(), FormatRate(s.rows_per_second()).c_str(),
               FormatRate(s.tokens_per_second()).c_str());
  if (s.long_rows == "chunk") {
    std::fprintf(stderr, "  cut into chunks of up to %s tokens: %s rows; chunks in all: %s\n",
                 FormatCount(s.model.chunk_tokens).c_str(), FormatCount(s.chunked).c_str(),
                 FormatCount(s.chunks).c_str());
  }
  if (s.model.chunk_context == ChunkContext::kRow) {
    std::fprintf(stderr,
                 "  chunks have seen their row: %s rows; longer than %s tokens and in several "
                 "passes: %s rows; passes in all: %s\n",
                 FormatCount(s.rows - s.nulls - s.parted).c_str(),
                 FormatCount(s.model.max_seq_length).c_str(), FormatCount(s.parted).c_str(),
                 FormatCount(s.passes).c_str());
  }
  if (s.model.max_seq_length < kAnyLength) {
    const bool refused = s.long_rows == "error";
    std::fprintf(stderr, "  %s %s tokens: %s rows;",
                 refused ? "without a vector, longer than" : "cut at",
                 FormatCount(s.model.max_seq_length).c_str(),
                 FormatCount(refused ? s.too_long : s.truncated).c_str());
  } else {
    std::fprintf(stderr, "  no row is cut, however long;");
  }
  std::fprintf(stderr, " null: %s; repeated texts: %s; invalid UTF-8: %s\n",
               FormatCount(s.nulls).c_str(), FormatCount(s.duplicates).c_str(),
               FormatCount(s.invalid_utf8).c_str());
  std::fprintf(stderr, "  model: %s\n", s.model.path.c_str());
  if (!s.model.prompt.empty()) {
    std::fprintf(stderr, "  prompt before every text: \"%s\"\n", s.model.prompt.c_str());
  }
  for (const ColumnDescription& column : s.model.columns) {
    std::fprintf(stderr, "  column %s: %lld values, layers %s, %s%s\n", column.name.c_str(),
                 static_cast<long long>(column.dim), column.layers.c_str(),
                 column.per_token() ? "one vector a token"
                                    : (PoolingNames(column.poolings) + " pooling").c_str(),
                 column.normalized ? ", unit length" : "");
  }
  PrintDtype(s);
  std::fprintf(stderr, "  machine: %d threads, ", s.num_threads);
  if (s.model.flop_per_token > 0) {
    std::fprintf(stderr, "%.0f %% of their measured peak of %.0f GFLOP/s; ",
                 100 * s.peak_fraction(), s.peak_gflops);
  }
  std::fprintf(stderr, "memory %s\n", FormatBytes(s.peak_memory_bytes).c_str());
  if (s.output != "-") std::fprintf(stderr, "  output: %s\n", s.output.c_str());
}

void WriteStats(const std::string& path, const RunSummary& summary) {
  std::ofstream file(path);
  file << summary.ToJson() << '\n';
  file.close();
  if (!file) throw Error(ErrorCode::kIo, path + ": cannot write the statistics");
}

RunSummary RunJob(const EmbedJob& job, ProgressDisplay& display) {
  const auto on_progress = [&](const Progress& progress) { display.Show(progress); };
  const bool lines = job.inputs.size() == 1 && job.inputs[0] == "-";
  if (lines) {
    return RunEmbedLines(job, STDIN_FILENO, STDOUT_FILENO, stop_requested, on_progress);
  }
  if (job.output.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "embed: --output is missing: the Parquet file to write");
  }
  return RunEmbedJob(job, stop_requested, on_progress);
}

[[noreturn]] void ThrowLayers(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "--layers " + text + ": " + why);
}

// "NAME=EXPR", or "EXPR" for the one column called as --output-column says.
std::vector<ColumnOptions> ParseColumns(const EmbedFlags& flags) {
  std::vector<ColumnOptions> columns;
  for (const std::string& text : flags.layers) {
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      columns.push_back({.name = text.substr(0, equals), .layers = text.substr(equals + 1)});
    } else if (flags.layers.size() == 1) {
      columns.push_back({.name = flags.output_column, .layers = text});
    } else {
      ThrowLayers(text, "of several columns each needs a name, NAME=EXPR");
    }
    if (columns.back().name.empty()) {
      ThrowLayers(text, "the name is empty");
    }
  }
  if (columns.empty()) columns = {{.name = flags.output_column}};
  return columns;
}

void ChooseModel(EmbedJob& job) {
  ModelSource source = FindModel(job.model, HubCacheFromEnvironment());
  job.model = std::move(source.folder);
  job.model_id = std::move(source.id);
  job.model_revision = std::move(source.revision);
}

void SetLongRows(EmbedFlags& flags) {
  EmbedJob& job = flags.job;
  if (flags.long_rows == "error") job.embedder.long_rows = LongRows::kError;
  if (flags.long_rows == "chunk") {
    job.embedder.chunks = flags.chunk_options;
    if (flags.chunks == "rows") job.chunk_form = ChunkForm::kRows;
    if (flags.chunk_context == "row") job.embedder.chunks->context = ChunkContext::kRow;
  } else if (flags.chunks || flags.chunk_options.max_tokens || flags.chunk_options.overlap_tokens ||
             flags.chunk_context) {
    throw Error(ErrorCode::kInvalidArgument,
                "--chunks, --chunk-tokens, --chunk-overlap and --chunk-context need --long chunk");
  }
}

int RunEmbed(EmbedFlags& flags) {
  flags.job.embedder.columns = ParseColumns(flags);
  flags.job.dtype = FindDtype(flags.dtype).value();
  ChooseModel(flags.job);
  if (flags.normalize || flags.no_normalize) flags.job.embedder.normalize = flags.normalize;
  SetLongRows(flags);
  if (flags.on_error == "fail") flags.job.on_error = OnError::kFail;
  InstallStopSignals();
  ProgressDisplay display(ParseProgressMode(flags.progress));
  RunSummary summary;
  try {
    summary = RunJob(flags.job, display);
  } catch (...) {
    display.End();
    throw;
  }
  display.End();
  if (!flags.stats_path.empty()) WriteStats(flags.stats_path, summary);
  if (summary.stopped) {
    std::fprintf(stderr, "vecmill: stopped by signal %d after %s rows; no output was written\n",
                 stop_signal.load(), FormatCount(summary.rows).c_str());
    return 128 + stop_signal;
  }
  if (flags.progress != "none") PrintSummary(summary);
  WarnOfFewRows(summary);
  WarnOfWeightCache(summary.model.weight_cache_problem);
  return 0;
}

void AddLongRowFlags(CLI::App& command, EmbedFlags& flags) {
  command
      .add_option("--long", flags.long_rows,
                  "Rows of more tokens than the model takes: truncate (cut and count them), chunk "
                  "(embed them in parts) or error (they get no vector)")
      ->check(CLI::IsMember({"truncate", "chunk", "error"}))
      ->capture_default_str();
  command
      .add_option("--chunks", flags.chunks,
                  "With --long chunk: pool (default: one vector for a row, the mean of its chunks' "
                  "by their tokens) or rows (a row for each chunk, with NAME_row, NAME_chunk, and "
                  "NAME_begin and NAME_end, its bytes of the text)")
      ->check(CLI::IsMember({"pool", "rows"}));
  command.add_option("--chunk-tokens", flags.chunk_options.max_tokens,
                     "Tokens of a chunk, special tokens and prompt included (default: as many as "
                     "the model takes)");
  command.add_option("--chunk-overlap", flags.chunk_options.overlap_tokens,
                     "Tokens that a chunk may repeat of the one before (default: a tenth)");
  command
      .add_option("--chunk-context", flags.chunk_context,
                  "What a chunk's vector has seen, with --chunks rows: chunk (default: nothing "
                  "else) or row (the whole row goes through the network, and the states of each "
                  "chunk's tokens are pooled on their own, \"late chunking\"; a row longer than "
                  "the model takes in several passes, NAME_pass)")
      ->check(CLI::IsMember({"chunk", "row"}));
  command
      .add_option("--on-error", flags.on_error,
                  "Rows that are too long or not UTF-8: null (null where no vector can be made; "
                  "NAME_error says why) or fail (the run ends, naming the first)")
      ->check(CLI::IsMember({"null", "fail"}))
      ->capture_default_str();
}

void AddDtypeFlags(CLI::App& command, EmbedFlags& flags) {
  command
      .add_option("--dtype", flags.dtype,
                  "Type of the vectors' values: float32, float16, int8, uint8 (places between the "
                  "smallest and the largest value), binary or ubinary (signs, eight to a byte)")
      ->check(CLI::IsMember({"float32", "float16", "int8", "uint8", "binary", "ubinary"}))
      ->capture_default_str();
  CLI::Option* ranges =
      command.add_option("--ranges", flags.job.ranges,
                         "Smallest and largest values of int8 and uint8: a Parquet file of an "
                         "earlier run, or JSON [[smallest, ...], [largest, ...]]");
  command
      .add_option("--calibrate-rows", flags.job.calibrate_rows,
                  "Rows at the beginning whose vectors give the ranges otherwise")
      ->capture_default_str()
      ->excludes(ranges);
}

void AddFlags(CLI::App& command, EmbedFlags& flags) {
  EmbedJob& job = flags.job;
  command
      .add_option("INPUT", job.inputs,
                  "Files, folders, globs or s3:// URIs of Parquet, CSV or JSON lines "
                  "(.gz and .zst too); - reads lines from stdin and prints JSON lines")
      ->required();
  command.add_option("-o,--output", job.output, "Parquet file to write, a path or an s3:// URI");
  command
      .add_option("--model", job.model,
                  "Model folder (sentence-transformers or transformers layout), or a hub's "
                  "ORG/NAME[@REVISION] that vecmill pull fetched")
      ->required();
  command.add_option("--column", job.column, "Text column of the input")->capture_default_str();
  command.add_option("--output-column", flags.output_column, "Name of the vector column")
      ->capture_default_str();
  command
      .add_option("--layers", flags.layers,
                  "[NAME=]EXPR: the layers that make a vector, see below; repeat it for several "
                  "columns")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag(
      "--accounts", job.accounts,
      "Add NAME_tokens, NAME_truncated and NAME_error, NAME the (first) vector column");
  AddLongRowFlags(command, flags);
  CLI::Option* prompt =
      command.add_option("--prompt", job.embedder.prompt, "Text to put before every row's");
  command
      .add_option(
          "--prompt-name", job.embedder.prompt_name,
          "The model's prompt to put before every row's text (default: the model's default)")
      ->excludes(prompt);
  command.add_option("--truncate-dim", job.embedder.truncate_dim,
                     "Keep the first N values of a vector (default: as the model says)");
  CLI::Option* normalize =
      command.add_flag("--normalize", flags.normalize,
                       "Scale vectors to unit length, after --truncate-dim (default: as the "
                       "model says, which is before it)");
  command.add_flag("--no-normalize", flags.no_normalize, "Do not")->excludes(normalize);
  AddDtypeFlags(command, flags);
  command.add_flag("--restart", job.replace_output, "Replace an output that exists");
  command
      .add_option("--threads", job.embedder.num_threads, "Worker threads; 0: one per usable CPU")
      ->capture_default_str();
  command
      .add_option("--batch-tokens", job.embedder.block_tokens,
                  "Tokens that a thread takes through the network at once; 0: as many as suit it. "
                  "Changes speed, never a vector")
      ->capture_default_str();
  AddWeightCacheOption(command, job.embedder);
  command.add_option("--progress", flags.progress, "auto (a bar on a terminal), json or none")
      ->check(CLI::IsMember({"auto", "json", "none"}))
      ->capture_default_str();
  command.add_option("--stats", flags.stats_path,
                     "Write counts, rates and times as JSON to this file");
}

}  // namespace

void AddEmbedCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("embed", "Add a column of embeddings to a table");
  const auto flags = std::make_shared<EmbedFlags>();
  AddFlags(*command, *flags);
  command->footer(kLayersHelp);
  command->callback([flags, &exit_code] { exit_code = RunEmbed(*flags); });
}

}  // namespace vecmill

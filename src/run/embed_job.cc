#include "run/embed_job.h"

#include <memory>
#include <utility>

#include "base/stopwatch.h"
#include "run/pipeline.h"
#include "run/run_recorder.h"
#include "table/input_files.h"
#include "table/parquet_writer.h"
#include "table/table_reader.h"
#include "vecmill/version.h"

namespace vecmill {
namespace {

// Rows of a window: enough that rows of like length meet in a block, few enough that the windows in
// flight stay small (four of 8,192 rows and 768 values are 100 MB).
constexpr int64_t kWindowRows = 8192;

// What the output says of how it was made.
std::vector<std::pair<std::string, std::string>> FooterOf(const EmbedJob& job,
                                                          const ModelDescription& model) {
  return {
      {"vecmill.model", model.path},
      {"vecmill.model_sha256", model.weights_sha256},
      {"vecmill.revision", ""},
      {"vecmill.column", job.column},
      {"vecmill.dim", std::to_string(model.dim)},
      {"vecmill.layers", "last"},
      {"vecmill.pooling", model.pooling},
      {"vecmill.normalized", model.normalized ? "true" : "false"},
      {"vecmill.mode", "exact"},
      {"vecmill.executed_dtype", "float32"},
      {"vecmill.version", VECMILL_VERSION},
  };
}

}  // namespace

RunSummary RunEmbedJob(const EmbedJob& job, const std::atomic<bool>& stop,
                       const ProgressFn& on_progress) {
  // What can be refused is refused before the model is loaded, and the output is begun last.
  CheckOutput(job.output, job.replace_output);
  const std::unique_ptr<TableReader> reader = TableReader::Open(
      ListInputFiles(job.inputs), {.text_column = job.column, .max_chunk_rows = kWindowRows});
  RunRecorder recorder(job, job.output);
  recorder.SetTotalRows(reader->total_rows());
  const ModelDescription& model = recorder.embedder().description();
  const std::unique_ptr<ParquetWriter> writer =
      ParquetWriter::Open(job.output, reader->schema(),
                          {.output_column = job.output_column,
                           .dim = model.dim,
                           .accounts = job.accounts,
                           .replace = job.replace_output,
                           .metadata = FooterOf(job, model)});

  const auto source = [&]() -> std::optional<Window<Chunk>> {
    const Stopwatch watch;
    std::optional<Chunk> chunk = reader->Next();
    std::optional<Window<Chunk>> window;
    if (chunk) window = {.owner = *chunk, .rows = TextRows(*chunk, job.column)};
    recorder.Read(watch.Seconds());
    return window;
  };
  const auto sink = [&](const EmbeddedWindow<Chunk>& done) {
    const Stopwatch watch;
    writer->Write(done.window.owner, done.vectors, done.accounts);
    recorder.Wrote(done.accounts, watch.Seconds());
    on_progress(recorder.progress());
  };
  recorder.Start();
  RunPipeline<Chunk>(recorder.embedder(), stop, source, sink);
  if (!stop) {
    const Stopwatch watch;
    writer->Finish();
    recorder.Wrote({}, watch.Seconds());
  }
  return recorder.Finish(stop);
}

}  // namespace vecmill

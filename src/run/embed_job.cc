#include "run/embed_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/stopwatch.h"
#include "run/pipeline.h"
#include "run/row_failures.h"
#include "run/run_recorder.h"
#include "run/table_footer.h"
#include "table/input_files.h"
#include "table/parquet_writer.h"
#include "table/table_reader.h"

namespace vecmill {
namespace {

// Rows of a window: enough that rows of like length meet in a block, few enough that the windows in
// flight stay small (four of 8,192 rows and 768 values are 100 MB).
constexpr int64_t kWindowRows = 8192;
// Values of a window where every token has a vector: there a window is as many rows as surely fit.
constexpr int64_t kMaxTokenValues = 16 << 20;  // 64 MiB

int64_t WindowRows(const ModelDescription& model) {
  int64_t rows = kWindowRows;
  for (const ColumnDescription& column : model.columns) {
    if (!column.per_token()) continue;
    rows = std::min(rows, kMaxTokenValues / (model.max_seq_length * column.dim));
  }
  return std::max<int64_t>(rows, 1);
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
  reader->LimitChunkRows(WindowRows(model));
  const std::unique_ptr<ParquetWriter> writer =
      ParquetWriter::Open(job.output, reader->schema(),
                          {.columns = model.columns,
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
    if (job.on_error == OnError::kFail) {
      const Chunk& chunk = done.window.owner;
      ThrowIfRowFailed(done.made.accounts, chunk.file, chunk.first_row, model.max_seq_length);
    }
    writer->Write(done.window.owner, done.made);
    recorder.Wrote(done.made.accounts, watch.Seconds());
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

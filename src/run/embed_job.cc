#include "run/embed_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/stopwatch.h"
#include "run/chunked_pipeline.h"
#include "run/column_quantizers.h"
#include "run/pipeline.h"
#include "run/row_failures.h"
#include "run/run_recorder.h"
#include "run/table_footer.h"
#include "table/input_files.h"
#include "table/parquet_writer.h"
#include "table/row_parts.h"
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

// Writes windows, as soon as the ranges of their values are known.
class WindowWriter {
 public:
  WindowWriter(ColumnQuantizers& quantizers, ParquetWriter& writer)
      : quantizers_(quantizers), writer_(writer) {}

  void Take(Chunk rows, Embeddings made) {
    const bool must_wait = quantizers_.Calibrate(made);
    waiting_.push_back({.rows = std::move(rows), .made = std::move(made)});
    if (!must_wait) WriteWaiting();
  }

  void Finish() {
    quantizers_.EndCalibration();
    WriteWaiting();
    writer_.Finish();
  }

 private:
  struct Made {
    Chunk rows;
    Embeddings made;
  };

  void WriteWaiting() {
    if (!std::exchange(is_begun_, true)) {
      for (const auto& [key, value] : quantizers_.Footer()) writer_.AddMetadata(key, value);
    }
    for (Made& window : std::exchange(waiting_, {})) {
      quantizers_.Quantize(window.made);
      writer_.Write(window.rows, window.made);
    }
  }

  ColumnQuantizers& quantizers_;
  ParquetWriter& writer_;
  std::vector<Made> waiting_;
  bool is_begun_ = false;
};

}  // namespace

std::string LongRowsName(const EmbedderOptions& options) {
  if (options.chunks) return "chunk";
  return options.long_rows == LongRows::kError ? "error" : "truncate";
}

std::string ChunkContextName(ChunkContext context) {
  return context == ChunkContext::kRow ? "row" : "chunk";
}

std::string ChunkFormName(ChunkForm form) { return form == ChunkForm::kPool ? "pool" : "rows"; }

RunSummary RunEmbedJob(const EmbedJob& job, const std::atomic<bool>& stop,
                       const ProgressFn& on_progress) {
  // What can be refused is refused before the model is loaded, and the output is begun last.
  CheckOutput(job.output, job.replace_output);
  const std::unique_ptr<TableReader> reader = TableReader::Open(
      ListInputFiles(job.inputs), {.text_column = job.column, .max_chunk_rows = kWindowRows});
  RunRecorder recorder(job, job.output);
  recorder.SetTotalRows(reader->total_rows());
  const ModelDescription& model = recorder.embedder().description();
  ColumnQuantizers quantizers(job, model);
  reader->LimitChunkRows(WindowRows(model));
  const bool chunks_rows = job.embedder.chunks && job.chunk_form == ChunkForm::kRows;
  const bool pools_chunks = job.embedder.chunks && job.chunk_form == ChunkForm::kPool;
  if (pools_chunks) ChunkPooler::CheckColumns(model.columns);
  const std::shared_ptr<arrow::Schema> schema =
      chunks_rows ? SchemaOfParts(*reader->schema(), job.column,
                                  {.name = model.columns.front().name,
                                   .has_pass = model.chunk_context == ChunkContext::kRow})
                  : reader->schema();
  const std::unique_ptr<ParquetWriter> writer =
      ParquetWriter::Open(job.output, schema,
                          {.columns = model.columns,
                           .dtype = job.dtype,
                           .accounts = job.accounts,
                           .counts_chunks = pools_chunks,
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
  WindowWriter windows(quantizers, *writer);
  const auto write = [&](Chunk rows, Embeddings made) {
    const Stopwatch watch;
    recorder.Wrote(made.accounts, 0);
    windows.Take(std::move(rows), std::move(made));
    recorder.Wrote({}, watch.Seconds());
    on_progress(recorder.progress());
  };
  const auto sink = [&](EmbeddedWindow<Chunk> done) {
    const Chunk& rows = done.window.owner;
    const std::vector<RowAccount>& accounts = done.made.accounts;
    for (size_t i = 0; i < accounts.size() && job.on_error == OnError::kFail; ++i) {
      ThrowIfRowFailed(accounts[i], rows.file, rows.first_row + static_cast<int64_t>(i),
                       model.max_seq_length);
    }
    write(rows, std::move(done.made));
  };
  const auto sink_chunks = [&](EmbeddedWindow<CutRows<Chunk>> done) {
    const CutRows<Chunk>& cut = done.window.owner;
    const Chunk& rows = cut.window->owner;
    for (size_t i = 0; i < cut.chunks.size() && job.on_error == OnError::kFail; ++i) {
      ThrowIfRowFailed(done.made.accounts[i], rows.file, rows.first_row + cut.chunks[i].row,
                       model.max_seq_length);
    }
    write(TakeParts(rows, cut.chunks, cut.row_begin, job.column, schema), std::move(done.made));
  };
  const ChunkWindowLimits<Chunk> limits = {
      .max_chunks = WindowRows(model), .row_bytes = [&](const Chunk& rows, int64_t row) {
        return chunks_rows ? RepeatedBytes(rows, row, job.column) : 0;
      }};
  recorder.Start();
  if (chunks_rows) {
    RunChunkedPipeline<Chunk>(recorder.embedder(), stop, limits, source, sink_chunks);
  } else if (pools_chunks) {
    RunPooledPipeline<Chunk>(recorder.embedder(), stop, limits, source, sink);
  } else {
    RunPipeline<Chunk>(recorder.embedder(), stop, source, sink);
  }
  if (!stop) {
    const Stopwatch watch;
    windows.Finish();
    recorder.Wrote({}, watch.Seconds());
  }
  RunSummary summary = recorder.Finish(stop);
  quantizers.AddTo(summary);
  return summary;
}

}  // namespace vecmill

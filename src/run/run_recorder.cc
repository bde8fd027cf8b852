#include "run/run_recorder.h"

#include <utility>

#include "vecmill/error.h"

namespace vecmill {

namespace {

void CheckChunks(const EmbedJob& job) {
  if (!job.embedder.chunks || job.embedder.chunks->context == ChunkContext::kChunk) return;
  if (job.chunk_form == ChunkForm::kRows) return;
  throw Error(ErrorCode::kInvalidArgument,
              "chunk context: chunks that have seen their row, put together to one vector, would "
              "give the row's own over again; give each chunk a row (--chunks rows), or pool "
              "chunks that are embedded alone (--chunk-context chunk)");
}

}  // namespace

RunRecorder::RunRecorder(const EmbedJob& job, std::string output) {
  CheckChunks(job);
  const Stopwatch watch;
  embedder_ = Embedder::Load(job.model, job.embedder);
  summary_.load_seconds = watch.Seconds();
  summary_.model = embedder_->description();
  summary_.num_threads = embedder_->num_threads();
  summary_.output = std::move(output);
  summary_.long_rows = LongRowsName(job.embedder);
  summary_.peak_gflops = embedder_->MeasurePeakGflops();
  Start();
}

void RunRecorder::Wrote(std::span<const RowAccount> accounts, double seconds) {
  summary_.Add(accounts);
  summary_.write_seconds += seconds;
}

Progress RunRecorder::progress() const {
  return {.rows = summary_.rows,
          .tokens = summary_.tokens,
          .total_rows = total_rows_,
          .seconds = run_watch_.Seconds()};
}

RunSummary RunRecorder::Finish(bool stopped) {
  summary_.embed_seconds = run_watch_.Seconds();
  summary_.stages = embedder_->stage_seconds();
  summary_.peak_memory_bytes = PeakMemoryBytes();
  summary_.stopped = stopped;
  return summary_;
}

}  // namespace vecmill

// run/embed_job.h: the main job: tables in, the same table with an embedding column out.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "run/summary.h"
#include "vecmill/dtype.h"
#include "vecmill/embedder.h"
#include "vecmill/options.h"

namespace vecmill {

// What becomes of a row that RowError (vecmill/stats.h) has something to say about.
enum class OnError {
  kNull,  // its vector is null if it could not be made, and NAME_error says why
  kFail,  // the run fails, naming the row
};

// What is written of the chunks that rows are cut into.
enum class ChunkForm {
  kPool,  // one row for a row of the input: its chunks' vectors put together
          // (engine/chunk_pooler.h)
  kRows,  // one row for a chunk (table/row_parts.h)
};

struct EmbedJob {
  std::vector<std::string> inputs;  // files, folders, globs, s3:// URIs
  std::string output;               // Parquet file or s3:// URI
  std::string model;                // folder
  std::string model_id;             // of a hub, "ORG/NAME", for the output's footer; or ""
  std::string model_revision;       // commit there; or ""
  std::string column = "text";
  bool accounts = false;  // add NAME_tokens, NAME_truncated, NAME_error of the first column
  OnError on_error = OnError::kNull;
  bool replace_output = false;    // an output that exists is replaced, not refused
  Dtype dtype = Dtype::kFloat32;  // of the values of the vectors in the output
  // Of int8 and uint8: the file that says the ranges (run/ranges_file.h); empty: they come from the
  // first calibrate_rows rows that have a vector, fewer where vectors are so many that they take 64
  // MiB. Rows wait in memory until the ranges are known.
  std::string ranges;
  int64_t calibrate_rows = 10000;
  EmbedderOptions embedder;
  // If embedder.chunks; with ChunkContext::kRow it must be kRows.
  ChunkForm chunk_form = ChunkForm::kPool;
};

// "truncate", "error" or "chunk".
std::string LongRowsName(const EmbedderOptions& options);
// "row" or "chunk".
std::string ChunkContextName(ChunkContext context);
// "pool" or "rows".
std::string ChunkFormName(ChunkForm form);

using ProgressFn = std::function<void(const Progress&)>;

// Run `job`. Rows are read, embedded and written in windows, so memory does not grow with the rows.
// The output appears under its name only when it is complete; on an error, or when `stop` becomes
// true (the summary then says stopped), nothing is left behind. What can be refused is refused
// before any work: output that exists, inputs that cannot be read, missing column, a model this
// build cannot run, ranges of other vectors. `on_progress` is called from one other thread, after
// each window. Errors: Error of any code, naming the file.
RunSummary RunEmbedJob(const EmbedJob& job, const std::atomic<bool>& stop,
                       const ProgressFn& on_progress);

// Lines of text in, JSON lines out: {"text": ..., "embedding": [...]}, every column by its name
// of chunks also row, chunk, begin and end, and, with job.accounts, tokens, truncated and error. A
// line goes through as soon as no more input is waiting, so that the command can stand in an
// interactive pipe. job.inputs and job.output are not used; there is no calibration, ranges must be
// given. Errors: kIo naming the side.
RunSummary RunEmbedLines(const EmbedJob& job, int input_fd, int output_fd,
                         const std::atomic<bool>& stop, const ProgressFn& on_progress);

}  // namespace vecmill

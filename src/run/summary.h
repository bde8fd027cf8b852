// run/summary.h: what a run did: counts, rates, time by stage.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "vecmill/dtype.h"
#include "vecmill/embedder.h"

namespace vecmill {

// Where a run stands. Totals are unknown (nullopt) for inputs that do not say.
struct Progress {
  int64_t rows = 0;
  int64_t tokens = 0;
  std::optional<int64_t> total_rows;
  double seconds = 0;  // since the first row was read
};

struct RunSummary {
  ModelDescription model;
  int num_threads = 0;
  std::string output;     // path, or "-"
  std::string long_rows;  // "truncate", "error" or "chunk"

  int64_t rows = 0;
  int64_t chunks = 0;         // that they were cut into; 1 of a row that was not
  int64_t chunked = 0;        // rows that were cut into several
  int64_t passes = 0;         // through the network, of all rows' chunks
  int64_t parted = 0;         // rows whose chunks took several
  int64_t tokens = 0;         // of all rows
  int64_t computed_rows = 0;  // or chunks of them: neither null nor repeated
  int64_t computed_tokens =
      0;  // of rows that went through the network: tokens less those of repeats
  int64_t truncated = 0;
  int64_t too_long = 0;
  int64_t nulls = 0;
  int64_t duplicates = 0;
  int64_t invalid_utf8 = 0;

  Dtype dtype = Dtype::kFloat32;  // of the vectors' values in the output
  int64_t calibration_rows = 0;   // whose vectors gave the ranges of int8 and uint8
  int64_t clipped_values = 0;     // outside of the ranges, or beyond the largest float16

  double load_seconds = 0;   // model
  double embed_seconds = 0;  // first row read to last row written and committed, wall clock
  double read_seconds = 0;   // within embed_seconds, on the reading thread
  double write_seconds = 0;  // within embed_seconds, on the writing thread
  StageSeconds stages;       // summed over worker threads
  double peak_gflops = 0;    // measured before the run: all workers together, fp32
  int64_t peak_memory_bytes = 0;
  bool stopped = false;  // by a signal; there is no output then

  void Add(std::span<const RowAccount> accounts);

  double rows_per_second() const;
  double tokens_per_second() const;
  // Share of the measured machine peak that the network's linear layers reached, over
  // embed_seconds.
  double peak_fraction() const;

  // One JSON object, indented; the keys are listed in docs/stats.md.
  std::string ToJson() const;
};

// Largest resident set of this process so far.
int64_t PeakMemoryBytes();

}  // namespace vecmill

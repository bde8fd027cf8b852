// run/run_recorder.h: loads a job's model and keeps the run's accounts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/stopwatch.h"
#include "run/embed_job.h"
#include "run/summary.h"
#include "vecmill/embedder.h"

namespace vecmill {

// One run from the model's loading to its summary. The reading thread calls Read, the writing
// thread Wrote and progress; the rest is called before and after both run.
class RunRecorder {
 public:
  // Load the model of `job` and measure the machine's peak. Errors: as Embedder::Load.
  RunRecorder(const EmbedJob& job, std::string output);

  Embedder& embedder() { return *embedder_; }

  // The clock of the run starts; called by the constructor, again by who has more to prepare.
  void Start() { run_watch_ = Stopwatch(); }

  void Read(double seconds) { summary_.read_seconds += seconds; }
  void Wrote(std::span<const RowAccount> accounts, double seconds);
  void SetTotalRows(std::optional<int64_t> total_rows) { total_rows_ = total_rows; }

  Progress progress() const;
  RunSummary Finish(bool stopped);

 private:
  RunSummary summary_;
  std::optional<int64_t> total_rows_;
  std::unique_ptr<Embedder> embedder_;
  Stopwatch run_watch_;
};

}  // namespace vecmill

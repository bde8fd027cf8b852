// run/column_quantizers.h: a run's vectors in the dtype that its output asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/quantizer.h"
#include "run/embed_job.h"
#include "run/ranges_file.h"
#include "run/summary.h"
#include "run/table_footer.h"
#include "vecmill/embedder.h"

namespace vecmill {

// The ranges of int8 and uint8 are those of job.ranges, or else come from the first
// job.calibrate_rows rows that have a vector; they are known when Calibrate has seen those, or
// EndCalibration was called. Used by one thread at a time.
class ColumnQuantizers {
 public:
  // Errors: as ReadRanges.
  ColumnQuantizers(const EmbedJob& job, const ModelDescription& model);

  // Take the next rows into the ranges. True if more are wanted before vectors can be quantized.
  // Errors: kInvalidArgument if many rows are seen and none has a vector.
  bool Calibrate(const Embeddings& made);

  // No rows follow. Errors: kInvalidArgument if a single row was all there was.
  void EndCalibration();

  // Replace the values of every column by its quantized ones, unless the dtype is float32.
  // REQUIRES: the ranges are known.
  void Quantize(Embeddings& made);

  // What the footer says of the ranges. REQUIRES: they are known.
  FooterPairs Footer() const;

  // Set what a summary says of the dtype.
  void AddTo(RunSummary& summary) const;

 private:
  struct Column {
    ColumnDescription description;
    CalibratedRanges calibrated;
    std::optional<Quantizer> quantizer;
  };

  bool is_calibrated() const { return columns_.front().quantizer.has_value(); }
  void AddRow(const Embeddings& made, size_t row);
  [[noreturn]] void ThrowTooFew(const std::string& why) const;
  void MakeQuantizers();

  const Dtype dtype_;
  const int64_t max_calibration_rows_;
  std::vector<Column> columns_;
  int64_t num_calibration_rows_ = 0;
  int64_t num_waiting_values_ = 0;  // of all rows that Calibrate has seen
  int64_t num_clipped_ = 0;
};

}  // namespace vecmill

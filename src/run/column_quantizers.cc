#include "run/column_quantizers.h"

#include "base/check.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Values that wait in memory until the ranges are known: calibration ends early beyond them.
constexpr int64_t kMaxWaitingValues = 16 << 20;  // 64 MiB

// Vectors [begin, end) of a column are those of a row.
std::pair<int64_t, int64_t> VectorsOfRow(const Embeddings::Column& made, size_t row) {
  if (!made.offsets.empty()) return {made.offsets[row], made.offsets[row + 1]};
  return {static_cast<int64_t>(row), static_cast<int64_t>(row) + 1};
}

}  // namespace

ColumnQuantizers::ColumnQuantizers(const EmbedJob& job, const ModelDescription& model)
    : dtype_(job.dtype), max_calibration_rows_(job.calibrate_rows) {
  if (!HasRanges(dtype_) && !job.ranges.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "ranges: dtype " + std::string(DtypeName(dtype_)) +
                                                 " has none; int8 and uint8 have");
  }
  if (max_calibration_rows_ < 2) {
    throw Error(ErrorCode::kInvalidArgument,
                "calibrate rows: " + std::to_string(max_calibration_rows_) +
                    " is too few, expected at least 2");
  }
  for (const ColumnDescription& column : model.columns) {
    columns_.push_back({.description = column, .calibrated = {}, .quantizer = std::nullopt});
  }
  if (HasRanges(dtype_) && job.ranges.empty()) return;
  if (HasRanges(dtype_)) {
    std::vector<CalibratedRanges> all = ReadRanges(job.ranges, model);
    for (size_t c = 0; c < columns_.size(); ++c) columns_[c].calibrated = std::move(all[c]);
  }
  MakeQuantizers();
}

bool ColumnQuantizers::Calibrate(const Embeddings& made) {
  if (is_calibrated()) return false;
  for (size_t row = 0; row < made.accounts.size(); ++row) {
    AddRow(made, row);
    if (num_calibration_rows_ < max_calibration_rows_ && num_waiting_values_ < kMaxWaitingValues) {
      continue;
    }
    if (num_calibration_rows_ == 0) ThrowTooFew("no row so far has a vector");
    EndCalibration();
    return false;
  }
  return true;
}

void ColumnQuantizers::AddRow(const Embeddings& made, size_t row) {
  const bool has_vector = made.accounts[row].has_vector();
  for (size_t c = 0; c < columns_.size(); ++c) {
    const int64_t dim = columns_[c].description.dim;
    const auto [begin, end] = VectorsOfRow(made.columns[c], row);
    num_waiting_values_ += (end - begin) * dim;
    for (int64_t v = begin; has_vector && v < end; ++v) {
      columns_[c].calibrated.ranges.Add(made.columns[c].values.data() + v * dim, dim);
    }
  }
  num_calibration_rows_ += has_vector;
}

void ColumnQuantizers::EndCalibration() {
  if (is_calibrated()) return;
  if (num_calibration_rows_ == 1) ThrowTooFew("one row is not enough");
  for (Column& column : columns_) {
    const ColumnDescription& description = column.description;
    ValueRanges& ranges = column.calibrated.ranges;
    // Nothing will be quantized.
    if (num_calibration_rows_ == 0) {
      ranges.min.assign(static_cast<size_t>(description.dim), 0.0f);
      ranges.max = ranges.min;
    }
    CheckRanges(ranges, description.dim, "ranges of column '" + description.name + "'");
    column.calibrated.num_rows = num_calibration_rows_;
  }
  MakeQuantizers();
}

void ColumnQuantizers::ThrowTooFew(const std::string& why) const {
  throw Error(ErrorCode::kInvalidArgument, "dtype " + std::string(DtypeName(dtype_)) + ": " + why +
                                               " to know the ranges of values; give --ranges");
}

void ColumnQuantizers::MakeQuantizers() {
  for (Column& column : columns_) {
    column.quantizer.emplace(dtype_, column.description.dim, column.calibrated.ranges);
  }
}

void ColumnQuantizers::Quantize(Embeddings& made) {
  VECMILL_CHECK(is_calibrated());
  if (dtype_ == Dtype::kFloat32) return;
  for (size_t c = 0; c < columns_.size(); ++c) {
    const int64_t dim = columns_[c].description.dim;
    const int64_t num_bytes = columns_[c].quantizer->num_bytes();
    Embeddings::Column& column = made.columns[c];
    column.quantized.resize(column.values.size() / static_cast<size_t>(dim) *
                            static_cast<size_t>(num_bytes));
    for (size_t row = 0; row < made.accounts.size(); ++row) {
      if (!made.accounts[row].has_vector()) continue;
      const auto [begin, end] = VectorsOfRow(column, row);
      for (int64_t v = begin; v < end; ++v) {
        num_clipped_ += columns_[c].quantizer->Quantize(column.values.data() + v * dim,
                                                        column.quantized.data() + v * num_bytes);
      }
    }
    column.values = std::vector<float>();
  }
}

void ColumnQuantizers::AddTo(RunSummary& summary) const {
  summary.dtype = dtype_;
  summary.calibration_rows = num_calibration_rows_;
  summary.clipped_values = num_clipped_;
}

FooterPairs ColumnQuantizers::Footer() const {
  FooterPairs footer;
  if (!HasRanges(dtype_)) return footer;
  for (const Column& column : columns_) {
    const std::string prefix = PrefixOf(column.description.name);
    footer.emplace_back(prefix + "ranges", RangesText(column.calibrated.ranges));
    if (!column.calibrated.num_rows) continue;
    footer.emplace_back(prefix + "calibration_rows", std::to_string(*column.calibrated.num_rows));
  }
  return footer;
}

}  // namespace vecmill

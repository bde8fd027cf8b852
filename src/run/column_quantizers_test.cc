#include "run/column_quantizers.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

ModelDescription ModelOf(int64_t dim) {
  ModelDescription model;
  model.columns = {{.name = "v", .dim = dim}};
  return model;
}

EmbedJob JobOf(Dtype dtype, int64_t calibrate_rows) {
  EmbedJob job;
  job.dtype = dtype;
  job.calibrate_rows = calibrate_rows;
  return job;
}

// Rows of dim 1; nullopt is a null row.
Embeddings Made(const std::vector<std::optional<float>>& values) {
  Embeddings made{.columns = {Embeddings::Column()}, .accounts = {}};
  for (const std::optional<float> value : values) {
    made.columns[0].values.push_back(value.value_or(0));
    made.accounts.push_back({.is_null = !value});
  }
  return made;
}

class ColumnQuantizersTest : public testing::Test {
 protected:
  // What summary and footer say.
  static RunSummary SummaryOf(const ColumnQuantizers& quantizers) {
    RunSummary summary;
    quantizers.AddTo(summary);
    return summary;
  }
};

TEST_F(ColumnQuantizersTest, TheFirstRowsWithAVectorGiveTheRanges) {
  ColumnQuantizers quantizers(JobOf(Dtype::kUint8, 3), ModelOf(1));
  EXPECT_TRUE(quantizers.Calibrate(Made({std::nullopt, 255.0f, std::nullopt})));
  EXPECT_TRUE(quantizers.Calibrate(Made({100.0f})));
  EXPECT_FALSE(quantizers.Calibrate(Made({std::nullopt, 0.0f, 1000.0f})));
  EXPECT_FALSE(quantizers.Calibrate(Made({-1000.0f})));
  EXPECT_EQ(quantizers.Footer(), (FooterPairs{{"vecmill.v.ranges", "[[0.0],[255.0]]"},
                                              {"vecmill.v.calibration_rows", "3"}}));

  Embeddings made = Made({255.0f, 100.0f, std::nullopt, 1000.0f, -1000.0f});
  quantizers.Quantize(made);
  EXPECT_EQ(made.columns[0].quantized, (std::vector<uint8_t>{255, 100, 0, 255, 0}));
  EXPECT_TRUE(made.columns[0].values.empty());
  EXPECT_EQ(SummaryOf(quantizers).calibration_rows, 3);
  EXPECT_EQ(SummaryOf(quantizers).clipped_values, 2);
}

TEST_F(ColumnQuantizersTest, ARunThatEndsBeforeHasRangesOfAllItsRows) {
  ColumnQuantizers quantizers(JobOf(Dtype::kInt8, 1000), ModelOf(1));
  EXPECT_TRUE(quantizers.Calibrate(Made({0.0f, 255.0f})));
  quantizers.EndCalibration();
  Embeddings made = Made({0.0f, 255.0f});
  quantizers.Quantize(made);
  EXPECT_EQ(made.columns[0].quantized, (std::vector<uint8_t>{0x80, 0x7f}));
  EXPECT_EQ(SummaryOf(quantizers).calibration_rows, 2);
}

TEST_F(ColumnQuantizersTest, OneRowIsNotEnoughAndNoRowNeedsNone) {
  ColumnQuantizers one(JobOf(Dtype::kInt8, 1000), ModelOf(1));
  one.Calibrate(Made({std::nullopt, 1.0f}));
  EXPECT_THROW(one.EndCalibration(), Error);
  ColumnQuantizers none(JobOf(Dtype::kInt8, 1000), ModelOf(1));
  none.Calibrate(Made({std::nullopt}));
  none.EndCalibration();
  EXPECT_EQ(none.Footer()[0].second, "[[0.0],[0.0]]");
}

TEST_F(ColumnQuantizersTest, WhatWaitsIsBounded) {
  constexpr int64_t kDim = 1 << 20;
  Embeddings window{.columns = {Embeddings::Column()}, .accounts = {RowAccount()}};
  window.columns[0].values.resize(kDim);
  ColumnQuantizers quantizers(JobOf(Dtype::kInt8, 10000), ModelOf(kDim));
  int num_waiting = 1;
  while (quantizers.Calibrate(window)) ++num_waiting;
  EXPECT_EQ(num_waiting, 16);
  EXPECT_EQ(SummaryOf(quantizers).calibration_rows, 16);

  window.accounts[0].is_null = true;
  ColumnQuantizers of_nulls(JobOf(Dtype::kInt8, 10000), ModelOf(kDim));
  for (int i = 1; i < 16; ++i) EXPECT_TRUE(of_nulls.Calibrate(window));
  EXPECT_THROW(of_nulls.Calibrate(window), Error);
}

TEST_F(ColumnQuantizersTest, VectorsOfTokensShareTheRangesOfTheirColumn) {
  ModelDescription model = ModelOf(1);
  model.columns[0].poolings = {Pooling::kNone};
  ColumnQuantizers quantizers(JobOf(Dtype::kUint8, 2), model);
  Embeddings made{.columns = {{.values = {10, 0, 255, 20}, .offsets = {0, 3, 3, 4}}},
                  .accounts = {{}, {.is_null = true}, {}}};
  EXPECT_FALSE(quantizers.Calibrate(made));
  quantizers.Quantize(made);
  EXPECT_EQ(made.columns[0].quantized, (std::vector<uint8_t>{10, 0, 255, 20}));
}

TEST_F(ColumnQuantizersTest, WithoutRangesNothingWaits) {
  for (const Dtype dtype : {Dtype::kFloat32, Dtype::kFloat16, Dtype::kBinary, Dtype::kUbinary}) {
    ColumnQuantizers quantizers(JobOf(dtype, 1000), ModelOf(1));
    Embeddings made = Made({1.0f});
    EXPECT_FALSE(quantizers.Calibrate(made));
    EXPECT_TRUE(quantizers.Footer().empty());
    quantizers.Quantize(made);
    EXPECT_EQ(made.columns[0].values.empty(), dtype != Dtype::kFloat32);
  }
}

}  // namespace
}  // namespace vecmill

#include "nets/relative_positions.h"

#include <gtest/gtest.h>

#include <vector>

#include "weights/network_config.h"

namespace vecmill {
namespace {

// Where MPNetEncoder.relative_position_bucket of transformers 5.23 changes its value over distances
// from -300000 to 300000.
TEST(RelativePositionsTest, BucketsAreThoseOfTransformers) {
  struct Change {
    int64_t distance;
    int64_t bucket;
  };
  const std::vector<Change> changes = {
      {-300000, 15}, {-90, 14}, {-63, 13}, {-45, 12}, {-31, 11}, {-22, 10}, {-15, 9}, {-11, 8},
      {-7, 7},       {-6, 6},   {-5, 5},   {-4, 4},   {-3, 3},   {-2, 2},   {-1, 1},  {0, 0},
      {1, 17},       {2, 18},   {3, 19},   {4, 20},   {5, 21},   {6, 22},   {7, 23},  {8, 24},
      {12, 25},      {16, 26},  {23, 27},  {32, 28},  {46, 29},  {64, 30},  {91, 31}};
  size_t next = 0;
  int64_t bucket = -1;
  for (int64_t distance = -300000; distance <= 300000; ++distance) {
    if (next < changes.size() && distance == changes[next].distance)
      bucket = changes[next++].bucket;
    ASSERT_EQ(DistanceBucket(distance), bucket) << distance;
  }
  EXPECT_EQ(DistanceBucket(1 << 20), 31);
  EXPECT_EQ(DistanceBucket(-(1 << 20)), 15);
}

TEST(RelativePositionsTest, BiasIsThatOfTheBucketAndHead) {
  std::vector<float> table;
  for (int i = 0; i < kNumDistanceBuckets * 3; ++i) table.push_back(static_cast<float>(i));
  const RelativeBias bias = BucketedBias(table.data(), 3, 200);
  for (int64_t query : {0, 50, 199}) {
    for (int64_t key : {0, 3, 49, 120, 199}) {
      const int64_t bucket = DistanceBucket(key - query);
      EXPECT_EQ(bias.Row(2, query)[key], static_cast<float>(bucket * 3 + 2)) << query << " " << key;
    }
  }
}

}  // namespace
}  // namespace vecmill

// nets/relative_positions.h: biases of attention by distance.
//
// Source: Raffel et al. 2020 (T5), arXiv:1910.10683, 2.1, as MPNetEncoder.relative_position_bucket
//         of transformers: half of the buckets for keys at or before the query and half for those
//         after it; in each half, the nearest distances have a bucket each and the buckets of the
//         others grow exponentially up to a distance of 128.
// Tested by relative_positions_test.cc.
#pragma once

#include <cstdint>

#include "ops/attention.h"

namespace vecmill {

// Bucket in [0, kNumDistanceBuckets) of the distance of a key from its query, negative before it.
int64_t DistanceBucket(int64_t distance);

// The bias of `heads` heads for sequences of up to `max_tokens`, of a table
// [kNumDistanceBuckets, heads].
RelativeBias BucketedBias(const float* table, int64_t heads, int64_t max_tokens);

}  // namespace vecmill

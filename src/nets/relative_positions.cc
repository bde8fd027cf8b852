#include "nets/relative_positions.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "weights/network_config.h"

namespace vecmill {
namespace {

constexpr int64_t kHalf = kNumDistanceBuckets / 2;
constexpr int64_t kNumExact = kHalf / 2;

// The original's 8 + log(d / 8) / log(128 / 8) * 8, rounded down, is 8 + log2(d^2 / 64).
int64_t FarBucket(int64_t distance) {
  const auto ratio = static_cast<uint64_t>(distance * distance / (kNumExact * kNumExact));
  return std::min(kNumExact + static_cast<int64_t>(std::bit_width(ratio)) - 1, kHalf - 1);
}

}  // namespace

int64_t DistanceBucket(int64_t distance) {
  const int64_t half = distance > 0 ? kHalf : 0;
  distance = std::abs(distance);
  return half + (distance < kNumExact ? distance : FarBucket(distance));
}

RelativeBias BucketedBias(const float* table, int64_t heads, int64_t max_tokens) {
  RelativeBias bias(heads, max_tokens);
  for (int64_t distance = 1 - max_tokens; distance < max_tokens; ++distance) {
    const float* row = table + DistanceBucket(distance) * heads;
    for (int64_t head = 0; head < heads; ++head) bias.Set(head, distance, row[head]);
  }
  return bias;
}

}  // namespace vecmill

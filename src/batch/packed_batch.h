// batch/packed_batch.h: token ids of several rows, one after the other, without padding.
#pragma once

#include <cstdint>
#include <vector>

namespace vecmill {

// Tokens [begin, end) of a batch, or of one sequence of it.
struct TokenRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end - begin; }
  bool operator==(const TokenRange&) const = default;
};

// N sequences, T tokens in all. Sequence i is ids[offsets[i] : offsets[i + 1]]; none is empty.
struct PackedBatch {
  std::vector<int32_t> ids;      // [T]
  std::vector<int64_t> offsets;  // [N + 1], offsets[0] == 0, offsets[N] == T

  int64_t num_sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t num_tokens() const { return static_cast<int64_t>(ids.size()); }
};

}  // namespace vecmill

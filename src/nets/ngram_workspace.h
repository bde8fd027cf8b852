// nets/ngram_workspace.h: memory of one thread for nets/use.h, grown to the largest batch it has
// seen.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"

namespace vecmill {

// T tokens at a time, M of them not in the table of tokens; N sequences; see nets/use.h.
struct NgramWorkspace {
  const float* Token(int64_t t) const { return tokens[static_cast<size_t>(t - tokens_begin)]; }

  std::vector<const float*> tokens;  // x and the products of each token from tokens_begin on
  int64_t tokens_begin = 0;
  std::vector<int32_t> missing;   // ids, ascending
  AlignedBuffer<float> computed;  // [M, a row of the table]
  AlignedBuffer<float> embedded;  // [M, E]
  AlignedBuffer<float> first;     // h [T and zeros between sequences, C]
  std::vector<int64_t> starts;    // [T] of the n-grams in it
  AlignedBuffer<float> features;  // [T, F]
  AlignedBuffer<float> sums;      // [N, F + 1]
  AlignedBuffer<float> dense[2];  // [N, H + D]
  AlignedBuffer<float> result;    // [N, H]
};

}  // namespace vecmill

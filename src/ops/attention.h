// ops/attention.h: multi-head self-attention within each sequence of a ragged batch.
//
//   scores = scale * Q K^T + bias,  dst = softmax(scores) V      for each sequence and head
//
// over all keys, or over those at most max_distance from the query.
//
// Source:   Vaswani et al. 2017, arXiv:1706.03762. No mask: a sequence is exactly its tokens. The
//           bias, if there is one, depends on the head and on how far the key is from the query:
//           Raffel et al. 2020, arXiv:1910.10683, 2.1.
// Shapes:   qkv [T, 3 * A * D]: Q of all heads, then K, then V, head h at columns [h * D, (h + 1)
//           * D) of each; dst [T, A * D]; offsets [N + 1] from 0 to T, ascending. A heads of D,
//           any A and D >= 1.
// Numerics: f32. A score and an element of the result are one chain of multiply-adds each; the
//           softmax subtracts the row's maximum, raises terms below exp(-64) to it and divides
//           once at the end. A sequence's result depends on the sequence alone. Bound in
//           attention_test.cc.
// Cost:     4 T L A D flop for sequences of length L, and T L A exponentials; with a max_distance
// W,
//           some 2 W + 50 take the place of a larger L.
// Threads:  one, with a workspace of its own.
// Errors:   std::bad_alloc when the workspace grows.
// Tested by attention_test.cc.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "base/aligned_buffer.h"
#include "ops/matrix_view.h"

namespace vecmill {

// A number for every head and distance of key from query, -max_tokens < distance < max_tokens.
class RelativeBias {
 public:
  // Zeros. REQUIRES: heads > 0, max_tokens > 0.
  RelativeBias(int64_t heads, int64_t max_tokens);

  int64_t heads() const { return heads_; }
  int64_t max_tokens() const { return max_tokens_; }
  int64_t num_bytes() const { return values_.size() * static_cast<int64_t>(sizeof(float)); }

  void Set(int64_t head, int64_t distance, float value);
  // [j] is that of key j, for j < max_tokens; zeros follow, to be read in whole registers.
  const float* Row(int64_t head, int64_t query) const {
    return values_.data() + head * stride_ + max_tokens_ - 1 - query;
  }

 private:
  int64_t heads_;
  int64_t max_tokens_;
  int64_t stride_;
  AlignedBuffer<float> values_;  // [A][2 max_tokens - 1 and some zeros], by distance
};

struct AttentionShape {
  int64_t heads = 0;
  int64_t head_dim = 0;
  float scale = 1.0f;                  // 1 / sqrt(head_dim) in the paper
  const RelativeBias* bias = nullptr;  // borrowed; of as many heads, for sequences as long
  int64_t max_distance = std::numeric_limits<int64_t>::max() / 4;  // at least 0; as it is: all keys
};

// Memory of one thread for one (sequence, head) at a time; grows to the longest sequence it has
// seen.
class AttentionWorkspace {
 public:
  // For sequences of up to max_tokens.
  void Reserve(int64_t max_tokens, const AttentionShape& shape);

  float* keys() { return keys_.data(); }      // panels of 16 keys: [L / 16][D][16]
  float* values() { return values_.data(); }  // panels of 16 columns: [D / 16][L][16]
  float* scores() { return scores_.data(); }  // [queries of a block][their keys up to 16s]
  float* score_start() {
    return score_start_.data();
  }  // what sums of scores start at [L up to 16s]
  const float* zeros() const { return zeros_.data(); }  // [D up to 16s]

  // Queries to take together: as many as keep their scores in the first level cache.
  static int64_t QueriesPerBlock(int64_t num_keys);
  // Most keys that a block of queries reads, of `num_keys`.
  static int64_t KeysPerBlock(int64_t num_keys, const AttentionShape& shape);
  static constexpr int64_t kMaxQueriesPerBlock = 48;

 private:
  AlignedBuffer<float> keys_;
  AlignedBuffer<float> values_;
  AlignedBuffer<float> scores_;
  AlignedBuffer<float> score_start_;
  AlignedBuffer<float> zeros_;
};

// REQUIRES: shapes that agree, VECMILL_CHECKed.
void Attention(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
               AttentionWorkspace& workspace, Matrix dst);

// The twin, in double precision.
void RefAttention(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
                  Matrix dst);

}  // namespace vecmill

// ops/rotary.h: rotary position embedding: queries and keys turned by angles that grow with the
// position.
//
//   for i in [0, D / 2), p the token's place in its sequence, a = p * theta^(-2 i / D):
//   (x[i], x[i + D / 2]) = (x[i] cos a - x[i + D / 2] sin a, x[i + D / 2] cos a + x[i] sin a)
//
// Source:   Su et al. 2021, arXiv:2104.09864, in the halves of GPT-NeoX, as transformers'
//           apply_rotary_pos_emb.
// Shapes:   qkv [T, 3 * A * D], as ops/attention.h; Q and K are turned in place. D is even.
// Numerics: angles in f32 as transformers makes them, their sine and cosine rounded from f64. An
//           element is two roundings. Bound in rotary_test.cc.
// Threads:  one; several may share a RotaryTable.
// Errors:   those of the store while making a table.
// Tested by rotary_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/array_store.h"
#include "ops/matrix_view.h"

namespace vecmill {

// Cosines and sines of `max_tokens` positions.
class RotaryTable {
 public:
  // In an array of `store`. REQUIRES: max_tokens > 0, head_dim > 0 and even, theta > 0.
  RotaryTable(ArrayStore& store, const std::string& name, int64_t max_tokens, int64_t head_dim,
              double theta);

  int64_t max_tokens() const { return max_tokens_; }
  int64_t head_dim() const { return head_dim_; }
  int64_t num_bytes() const { return values_.size() * static_cast<int64_t>(sizeof(float)); }

  // [D / 2] of a position.
  const float* Cos(int64_t position) const { return values_.data() + position * head_dim_ / 2; }
  const float* Sin(int64_t position) const { return Cos(max_tokens_ + position); }

 private:
  int64_t max_tokens_;
  int64_t head_dim_;
  ConstArray<float> values_;  // cosines [max_tokens, D / 2], then sines
};

// REQUIRES: qkv.cols is a multiple of 3 * D, sequences no longer than the table; VECMILL_CHECKed.
void Rotate(const RotaryTable& table, std::span<const int64_t> offsets, Matrix qkv);

// The twin, in double precision but for the angles.
void RefRotate(const RotaryTable& table, std::span<const int64_t> offsets, Matrix qkv);

}  // namespace vecmill

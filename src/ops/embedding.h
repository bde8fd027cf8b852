// ops/embedding.h: the input of the first layer: words and positions looked up, added, normalised.
//
//   dst[t, :] = LayerNorm(words[ids[t], :] + positions[p, :])
//
//   p = pad_id + 1 + the number of tokens before t in its sequence that are not pad_id; for a token
//   that is pad_id itself, p = pad_id. With pad_id -1, p counts from 0.
//
// Source:   position ids of BERT (pad_id -1); of fairseq's models, as transformers'
//           create_position_ids_from_input_ids.
// Shapes:   words [V, H], positions [P, H] (with the embedding of token type 0 already added) or
//           none, data null: nothing is added; dst [T, H]; ids [T], offsets [N + 1] from 0 to T,
//           ascending.
// Numerics: as ops/layer_norm.h.
// Threads:  one.
// Errors:   none. REQUIRES: 0 <= ids[t] < V, sequences no longer than P - pad_id - 1; the caller
//           has checked.
// Tested by embedding_test.cc.
#pragma once

#include <cstdint>
#include <span>

#include "ops/layer_norm.h"
#include "ops/matrix_view.h"

namespace vecmill {

struct EmbeddingTables {
  ConstMatrix words;
  ConstMatrix positions;
  LayerNormParams norm;
  int64_t pad_id = -1;
};

void EmbedTokens(const EmbeddingTables& tables, std::span<const int32_t> ids,
                 std::span<const int64_t> offsets, Matrix dst) noexcept;

// The twin, in double precision but for the sums of two f32.
void RefEmbedTokens(const EmbeddingTables& tables, std::span<const int32_t> ids,
                    std::span<const int64_t> offsets, Matrix dst);

}  // namespace vecmill

// weights/use_tensors.h: our tensor <- checkpoint name, shape; for the universal sentence encoder.
//
// The checkpoint is one that `vecmill import use` wrote. nets/use.h says what the tensors do.
#pragma once

#include <vector>

#include "weights/checkpoint.h"
#include "weights/encoder_tensors.h"
#include "weights/network_config.h"
#include "weights/tensor.h"

namespace vecmill {

// How many tokens the n-grams of a branch span; a token has (order - 1) / 2 of them before it and
// the others behind it.
inline constexpr int64_t kNgramOrders[] = {2, 3, 5};
inline constexpr int64_t kNumNgramBranches = 3;

// V vocab, E embedding, C ngram, F = E + 3 C, H hidden, D ffn; n the order of a branch.
struct UseTensors {
  // A token's embedding is low + scale * its bytes.
  Tensor embeddings;       // [V, E] U8: "embeddings.weight"
  Tensor embedding_scale;  // [V]
  Tensor embedding_low;    // [V]

  LinearTensors projection;          // [3 C, E], one branch below the other
  LayerNormTensors projection_norm;  // [3 C]
  struct Branch {
    LinearTensors first;   // [C, n C], the slices of the n-gram's tokens one beside the other
    LinearTensors second;  // [C, n C]
  };
  std::vector<Branch> branches;  // "ngram.2.first", ...
  LayerNormTensors token_norm;   // [F]
  LinearTensors output;          // [H, F]

  struct Dense {
    Tensor hidden;  // [width, in]
    Tensor output;  // [out, in + width], of the input and the hidden values beside it
  };
  Dense dense[2];  // in H, width and out D; in D, width and out H
};

// Find every tensor with the right shape and dtype. No tensor is read. The result outlives the
// checkpoint. Errors: kCorrupt (missing tensors, all in one message; a wrong shape), kUnsupported
// (dtype).
UseTensors FindUseTensors(const Checkpoint& checkpoint, const NetworkConfig& config);

}  // namespace vecmill

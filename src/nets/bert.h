// nets/bert.h: the BERT encoder on packed tokens, in f32.
//
// Source:   Devlin et al. 2019, arXiv:1810.04805, as transformers' BertModel without its pooler:
//           layer norm after each residual, learned absolute positions, token type 0 throughout.
// Numerics: a token's hidden state depends on its sequence alone, bit for bit: not on the other
//           sequences of the batch, nor on their order or number (docs/numerics.md).
// Threads:  a Bert is constant after construction; each thread brings its own Workspace. One call
//           runs on the calling thread through all layers; give it a few hundred tokens, so that
//           its activations stay in the core's second level cache.
// Tested by bert_test.cc, timed by bert_bench.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/aligned_buffer.h"
#include "batch/packed_batch.h"
#include "ops/attention.h"
#include "ops/gemm.h"
#include "ops/layer_norm.h"
#include "ops/matrix_view.h"
#include "vecmill/stats.h"
#include "weights/bert_config.h"
#include "weights/bert_weights.h"

namespace vecmill {

class Bert {
 public:
  // Memory of one thread, grown to the largest batch it has seen. T tokens, H hidden, F ffn.
  class Workspace {
   public:
    Workspace() = default;

   private:
    friend class Bert;
    void Reserve(int64_t num_tokens, const BertConfig& config);

    AlignedBuffer<float> hidden_;    // [T, H]
    AlignedBuffer<float> context_;   // [T, H] what attention gathered
    AlignedBuffer<float> sublayer_;  // [T, H] what is added to hidden_
    AlignedBuffer<float> wide_;      // [T, 3 H] queries, keys, values; later [T, F]
    AttentionWorkspace attention_;
    GemmWorkspace gemm_;
  };

  // Sees the hidden states [T, H] after the embeddings (layer 0) and after each layer (1, 2, ...).
  using Observer = std::function<void(int64_t layer, ConstMatrix hidden)>;

  // Read and pack the weights; the tensors are not needed afterwards. `config` is the one they were
  // found with. Errors: kCorrupt for a NaN or an infinity, std::bad_alloc.
  Bert(const BertConfig& config, const BertTensors& tensors);

  // Final hidden states of all tokens [T, H] row-major, in `workspace`, valid until its next use.
  // The time of each stage is added to `seconds`. REQUIRES: ids in [0, vocab), sequences of 1 to
  // max_positions tokens; VECMILL_CHECKed. Errors: std::bad_alloc.
  const float* Forward(const PackedBatch& batch, Workspace& workspace, StageSeconds& seconds,
                       const Observer& observer = nullptr) const;

  int64_t hidden() const { return config_.hidden; }
  int64_t weight_bytes() const;
  double flop_per_token() const;  // of the linear layers; a multiplication and an addition are two

 private:
  struct Norm {
    Norm(const LayerNormTensors& tensors, float epsilon);
    LayerNormParams params() const { return {gamma.data(), beta.data(), eps}; }

    AlignedBuffer<float> gamma;
    AlignedBuffer<float> beta;
    float eps;
  };

  struct Layer {
    Layer(const BertConfig& config, const BertLayerTensors& tensors);

    PackedMatrix query_key_value;
    PackedMatrix attention_output;
    Norm attention_norm;
    PackedMatrix ffn_up;
    PackedMatrix ffn_down;
    Norm ffn_norm;
  };

  void CheckBatch(const PackedBatch& batch) const;
  void Embed(const PackedBatch& batch, Matrix hidden) const;
  std::vector<const PackedMatrix*> LinearLayers() const;

  BertConfig config_;
  AlignedBuffer<float> words_;      // [V, H]
  AlignedBuffer<float> positions_;  // [P, H], token type 0 added
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace vecmill

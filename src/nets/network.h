// nets/network.h: the network of a model: token ids in, hidden states out, layer by layer.
//
// A network that pools its tokens itself gives one state a sequence, [N, H], and has no layers but
// that, layer 0. Of the others, layer 0 is what the embeddings give, layers 1 to num_layers() are
// the network's own; each gives hidden states [T, H] (in transformers: output_hidden_states).
//
// Numerics: f32. A token's hidden state depends on its sequence alone, bit for bit: not on the
//           other sequences of the batch, nor on their order or number (docs/numerics.md), nor on
//           which layer is the last one computed.
// Threads:  a Network is constant after construction; each thread brings its own Workspace. One
//           call runs on the calling thread through all layers; give it a few hundred tokens, so
//           that its activations stay in the core's second level cache.
// Tested by network_test.cc for every family, timed by network_bench.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/array_store.h"
#include "batch/packed_batch.h"
#include "nets/ngram_workspace.h"
#include "ops/attention.h"
#include "ops/gemm.h"
#include "ops/matrix_view.h"
#include "vecmill/stats.h"
#include "weights/checkpoint.h"
#include "weights/model_folder.h"
#include "weights/network_config.h"

namespace vecmill {

class Network {
 public:
  // Memory of one thread, grown to the largest batch it has seen. For networks alone to look into.
  // T tokens, H hidden, F ffn.
  struct Workspace {
    AlignedBuffer<float> hidden;    // [T, H]
    AlignedBuffer<float> context;   // [T, H] what attention gathered
    AlignedBuffer<float> sublayer;  // [T, H] what is added to hidden
    AlignedBuffer<float> wide;      // [T, 3 H] queries, keys, values; at other times [T, F]
    AttentionWorkspace attention;
    GemmWorkspace gemm;
    NgramWorkspace ngrams;
  };

  // Sees the hidden states [T, H] after each layer that is computed: 0, 1, 2, ...
  using Observer = std::function<void(int64_t layer, ConstMatrix hidden)>;

  // Read and pack the weights of the folder's model into arrays of `store`; neither it nor the
  // checkpoint is needed afterwards. Which arrays, and what is in them, depends on the folder's
  // config and the checkpoint's tensors alone.
  // Errors: kCorrupt (missing tensors, other shapes, a NaN or an infinity), kUnsupported (dtype),
  // std::bad_alloc, those of the store.
  static std::unique_ptr<const Network> Load(const ModelFolder& folder,
                                             const Checkpoint& checkpoint, ArrayStore& store);

  virtual ~Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Hidden states of layer `last_layer` [T, H] row-major, or [N, H] if pools_tokens(), in
  // `workspace`, valid until its next use. Layers above it are not computed. The time of each stage
  // is added to `seconds`. REQUIRES: 0 <= last_layer <= num_layers(), ids in [0, vocab()),
  // sequences of 1 to max_positions() tokens; VECMILL_CHECKed. Errors: std::bad_alloc, what
  // `observer` throws.
  virtual const float* Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                               StageSeconds& seconds, const Observer& observer = nullptr) const = 0;

  int64_t hidden() const { return config_.hidden; }
  int64_t num_layers() const { return config_.layers; }
  int64_t vocab() const { return config_.vocab; }
  int64_t max_positions() const { return config_.max_positions; }
  bool pools_tokens() const { return config_.pools_tokens; }

  // Tokens of a batch at which this is fastest.
  virtual int64_t block_tokens() const { return 256; }

  virtual int64_t weight_bytes() const = 0;
  // Of the linear layers up to `last_layer`; a multiplication and an addition are two.
  virtual double FlopPerToken(int64_t last_layer) const = 0;
  // What comes once a row to that.
  virtual double FlopPerRow() const { return 0.0; }

 protected:
  explicit Network(const NetworkConfig& config) : config_(config) {}

  const NetworkConfig& config() const { return config_; }
  void CheckCall(const PackedBatch& batch, int64_t last_layer) const;

 private:
  const NetworkConfig config_;
};

}  // namespace vecmill

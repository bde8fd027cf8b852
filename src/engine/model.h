// engine/model.h: a model folder made ready to run: tokenizer, network, output columns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "batch/packed_batch.h"
#include "engine/model_weights.h"
#include "engine/vector_column.h"
#include "nets/network.h"
#include "tokenizer/tokenizer.h"
#include "vecmill/embedder.h"
#include "vecmill/options.h"
#include "weights/model_folder.h"

namespace vecmill {

// What a folder holds, read and checked: most of a model's memory. Constant; models of different
// options share it.
struct ModelParts {
  // `weight_cache` as EmbedderOptions has it. Errors: as Embedder::Load.
  ModelParts(const std::string& path, const std::string& weight_cache);

  const ModelFolder folder;
  const std::unique_ptr<const Tokenizer> tokenizer;
  const ModelWeights weights;
};

// Constant after construction; every method is thread-safe.
class Model {
 public:
  // Memory of one thread, grown to the largest batch it has seen.
  class Workspace {
   private:
    friend class Model;
    Network::Workspace network_;
    std::vector<AlignedBuffer<float>> kept_;  // [num_layers + 1] copies of layers below the last
    LayerStates states_;
  };

  // Nothing can fail later for what the folder holds. Errors: as Embedder::With.
  Model(std::shared_ptr<const ModelParts> parts, const EmbedderOptions& options);

  const std::shared_ptr<const ModelParts>& parts() const { return parts_; }
  const ModelDescription& description() const { return description_; }
  const std::vector<VectorColumn>& columns() const { return columns_; }

  // Append the ids of the prompt and `text` (valid UTF-8), at most max_seq_length. True if ids were
  // cut off.
  bool Encode(std::string_view text, std::vector<int32_t>* ids) const;

  // Tokens of the prompt and `text`, none cut off. Takes 4 bytes of memory for each.
  int64_t CountTokens(std::string_view text) const;

  // As Embedder::CutIntoChunks, of one row, which may hold bytes that are not UTF-8.
  std::vector<TextChunk> CutIntoChunks(std::string_view text) const;

  // Those of `ids`, which Encode gave of `text` (with bytes that are not UTF-8 replaced), that
  // Embedder::EmbedSpans pools for `span`.
  TokenRange TokensOf(std::string_view text, TextSpan span, std::span<const int32_t> ids) const;

  // Tokens at the start of every row that are not pooled.
  int64_t num_unpooled_tokens() const { return num_unpooled_tokens_; }

  // Of a block, for speed.
  int64_t block_tokens() const { return parts_->weights.network->block_tokens(); }

  // Where the hidden states of sequence `i` of `batch` are: one if the network pools tokens itself.
  TokenRange StatesOf(const PackedBatch& batch, int64_t i) const;

  // The hidden states that the columns read, valid until the workspace's next use. Layers above the
  // highest of them are not computed.
  const LayerStates& Forward(const PackedBatch& batch, Workspace& workspace,
                             StageSeconds& seconds) const;

 private:
  bool Encode(std::string_view text, int64_t max_tokens, std::vector<int32_t>* ids) const;
  void SetChunks(const ChunkOptions& options);
  void SetRowContext(const ChunkOptions& options);

  std::shared_ptr<const ModelParts> parts_;
  ModelDescription description_;
  std::vector<VectorColumn> columns_;
  int64_t num_unpooled_tokens_ = 0;
  int64_t num_special_tokens_ = 0;
  int64_t num_prompt_tokens_ = 0;    // special tokens included; set with chunks
  int64_t num_trailing_tokens_ = 0;  // special tokens behind the text; set with ChunkContext::kRow
  std::vector<bool> is_read_;        // [num_layers + 1] layers that a column reads
  int64_t last_layer_ = 0;           // the highest of them
};

}  // namespace vecmill

// engine/model.h: a model folder made ready to run: tokenizer, network, pooling.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batch/packed_batch.h"
#include "nets/bert.h"
#include "tokenizer/tokenizer.h"
#include "vecmill/embedder.h"
#include "vecmill/options.h"
#include "weights/model_folder.h"

namespace vecmill {

// Constant after construction; every method is thread-safe.
class Model {
 public:
  using Workspace = Bert::Workspace;

  // Load and check everything; nothing can fail later for what the folder holds.
  // Errors: as Embedder::Load.
  Model(const std::string& folder, const EmbedderOptions& options);

  const ModelDescription& description() const { return description_; }
  int64_t dim() const { return description_.dim; }

  // Append the ids of `text` (valid UTF-8), at most max_seq_length. True if ids were cut off.
  bool Encode(std::string_view text, std::vector<int32_t>* ids) const {
    return tokenizer_->Encode(text, description_.max_seq_length, ids);
  }

  // Final hidden states [T, H] of a batch; see Bert::Forward.
  const float* Forward(const PackedBatch& batch, Workspace& workspace,
                       StageSeconds& seconds) const {
    return net_->Forward(batch, workspace, seconds);
  }

  // One sequence's hidden states [L, H] to its vector dst [H].
  void Pool(const float* hidden, int64_t num_tokens, float* dst) const;

 private:
  ModelDescription description_;
  Pooling pooling_;
  std::unique_ptr<const Tokenizer> tokenizer_;
  std::unique_ptr<const Bert> net_;
};

}  // namespace vecmill

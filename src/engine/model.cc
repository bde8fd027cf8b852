#include "engine/model.h"

#include "ops/pooling.h"
#include "vecmill/error.h"
#include "weights/bert_weights.h"
#include "weights/checkpoint.h"

namespace vecmill {
namespace {

// Ids of the tokenizer index the word embeddings, and special tokens must leave room for text.
void CheckTokenizerFits(const Tokenizer& tokenizer, const ModelFolder& folder) {
  if (tokenizer.vocab_size() > folder.config.vocab) {
    throw Error(ErrorCode::kCorrupt, folder.tokenizer_json + ": has ids up to " +
                                         std::to_string(tokenizer.vocab_size() - 1) +
                                         ", but the model's vocab_size is " +
                                         std::to_string(folder.config.vocab));
  }
  std::vector<int32_t> ids;
  tokenizer.Encode("", folder.max_seq_length, &ids);
  if (ids.empty()) {
    throw Error(ErrorCode::kUnsupported,
                folder.tokenizer_json +
                    ": adds no special tokens, so an empty row would have no token to pool");
  }
}

}  // namespace

Model::Model(const std::string& path, const EmbedderOptions& options) {
  const ModelFolder folder = ModelFolder::Open(path);
  tokenizer_ = Tokenizer::Load(folder.tokenizer_json);
  CheckTokenizerFits(*tokenizer_, folder);
  const Checkpoint checkpoint = Checkpoint::Open(folder.transformer_folder);
  net_ = std::make_unique<Bert>(folder.config, FindBertTensors(checkpoint, folder.config));
  pooling_ = folder.pooling;
  description_ = {
      .path = path,
      .architecture = folder.model_type,
      .weights_sha256 = checkpoint.Sha256(),
      .pooling = PoolingName(folder.pooling),
      .normalized = options.normalize.value_or(folder.normalize),
      .dim = folder.config.hidden,
      .num_layers = folder.config.layers,
      .max_seq_length = folder.max_seq_length,
      .weight_bytes = net_->weight_bytes(),
      .flop_per_token = net_->flop_per_token(),
  };
}

void Model::Pool(const float* hidden, int64_t num_tokens, float* dst) const {
  switch (pooling_) {
    case Pooling::kMean:
      MeanPool(hidden, num_tokens, dim(), dst);
      break;
    case Pooling::kCls:
      ClsPool(hidden, num_tokens, dim(), dst);
      break;
    case Pooling::kMax:
      MaxPool(hidden, num_tokens, dim(), dst);
      break;
  }
  if (description_.normalized) L2Normalize(dst, dim());
}

}  // namespace vecmill

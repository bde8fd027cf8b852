// The universal sentence encoder: Cer et al. 2018, arXiv:1803.11175, and Yang et al. 2019,
// arXiv:1907.04307, as its multilingual version 3 is made: an n-gram convolution encoder. The keys
// of config.json are ours, written by `vecmill import use`.
#include <string>

#include "vecmill/options.h"
#include "weights/config_checks.h"
#include "weights/family.h"
#include "weights/tensor_taker.h"
#include "weights/use_tensors.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result;
  result.hidden = ReadSize(config, "hidden_size", kMaxHidden, where);
  result.vocab = ReadSize(config, "vocab_size", kMaxVocab, where);
  result.embedding = ReadSize(config, "embedding_size", kMaxHidden, where);
  result.ngram = ReadSize(config, "ngram_size", kMaxHidden, where);
  result.ffn = ReadSize(config, "dense_size", kMaxFfn, where);
  result.layer_norm_eps = ReadEpsilon(config, "layer_norm_eps", 1e-12, where);
  result.max_positions = kAnyLength;
  result.pools_tokens = true;
  return result;
}

class Finder {
 public:
  explicit Finder(const Checkpoint& checkpoint) : taker(checkpoint) {}

  LinearTensors Linear(const std::string& name, int64_t out, int64_t in) {
    return {.weight = taker.Take(name + ".weight", {out, in}),
            .bias = taker.Take(name + ".bias", {out})};
  }
  LayerNormTensors Norm(const std::string& name, int64_t width) {
    return {.gamma = taker.Take(name + ".weight", {width}),
            .beta = taker.Take(name + ".bias", {width})};
  }

  TensorTaker taker;
};

}  // namespace

const Family kUseFamily = {.read_config = &ReadConfig, .names = {}};

UseTensors FindUseTensors(const Checkpoint& checkpoint, const NetworkConfig& config) {
  const int64_t ngram = config.ngram;
  const int64_t features = config.embedding + kNumNgramBranches * ngram;
  Finder find(checkpoint);
  TensorTaker& taker = find.taker;
  UseTensors tensors;
  tensors.embeddings = taker.TakeBytes("embeddings.weight", {config.vocab, config.embedding});
  tensors.embedding_scale = taker.Take("embeddings.scale", {config.vocab});
  tensors.embedding_low = taker.Take("embeddings.low", {config.vocab});
  tensors.projection = find.Linear("projection", kNumNgramBranches * ngram, config.embedding);
  tensors.projection_norm = find.Norm("projection_norm", kNumNgramBranches * ngram);
  for (const int64_t order : kNgramOrders) {
    const std::string name = "ngram." + std::to_string(order);
    tensors.branches.push_back({.first = find.Linear(name + ".first", ngram, order * ngram),
                                .second = find.Linear(name + ".second", ngram, order * ngram)});
  }
  tensors.token_norm = find.Norm("token_norm", features);
  tensors.output = find.Linear("output", config.hidden, features);
  const int64_t sizes[] = {config.hidden, config.ffn, config.hidden};
  for (int64_t i = 0; i < 2; ++i) {
    const std::string name = "dense." + std::to_string(i);
    tensors.dense[i] = {
        .hidden = taker.Take(name + ".hidden.weight", {sizes[i + 1], sizes[i]}),
        .output = taker.Take(name + ".output.weight", {sizes[i + 1], sizes[i] + sizes[i + 1]})};
  }
  taker.ThrowIfMissing(config.model_type);
  return tensors;
}

}  // namespace vecmill

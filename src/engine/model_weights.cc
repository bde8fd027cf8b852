#include "engine/model_weights.h"

#include <span>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/sha256.h"
#include "vecmill/version.h"
#include "weights/checkpoint.h"

namespace vecmill {
namespace {

// Raise it when networks put other values into their arrays than before for the same weights and
// config; model_weights_test.cc finds out.
constexpr int64_t kPackingVersion = 1;

// Every member: one that is new does not compile until it is here too.
Json ToJson(const NetworkConfig& config) {
  const auto& [model_type, hidden, layers, vocab, max_positions, heads, head_dim, ffn, embedding,
               projection, type_vocab, rope_theta, pad_id, relative_bias, shared_layer, pre_norm,
               gated_ffn, local_layers, local_distance, local_rope_theta, layer_norm_eps,
               pools_tokens, ngram, activation] = config;
  return Json::Array{model_type,
                     hidden,
                     layers,
                     vocab,
                     max_positions,
                     heads,
                     head_dim,
                     ffn,
                     embedding,
                     projection,
                     type_vocab,
                     rope_theta,
                     pad_id,
                     relative_bias,
                     shared_layer,
                     pre_norm,
                     gated_ffn,
                     Json::Array(local_layers.begin(), local_layers.end()),
                     local_distance,
                     local_rope_theta,
                     static_cast<double>(layer_norm_eps),
                     pools_tokens,
                     ngram,
                     static_cast<int64_t>(activation)};
}

Json ToJson(const HeadModule& module) {
  const auto& [kind, path, in, out, bias, function] = module;
  return Json::Array{static_cast<int64_t>(kind),    path, in, out, bias,
                     static_cast<int64_t>(function)};
}

// All that the packed weights depend on. Panels are laid out the same for every CPU.
std::string CacheKey(const ModelFolder& folder, const std::string& sha256) {
  Json::Array head;
  for (const HeadModule& module : folder.head) head.push_back(ToJson(module));
  return Json(Json::Object{{"vecmill", VECMILL_VERSION},
                           {"packing", kPackingVersion},
                           {"dtype", "float32"},
                           {"weights_sha256", sha256},
                           {"network", ToJson(folder.config)},
                           {"head", head}})
      .Dump();
}

std::string Sha256Of(const Checkpoint& network, const std::vector<Checkpoint>& head,
                     const FileHashes& hashes) {
  std::string all = network.Sha256(hashes);
  if (head.empty()) return all;
  for (const Checkpoint& checkpoint : head) all += checkpoint.Sha256(hashes);
  return Sha256Hex(std::as_bytes(std::span(all)));
}

}  // namespace

ModelWeights LoadModelWeights(const ModelFolder& folder, const std::string& cache_folder) {
  const Checkpoint checkpoint = Checkpoint::Open(folder.transformer_folder);
  const std::vector<Checkpoint> head_checkpoints = SentenceHead::OpenCheckpoints(folder);
  const WeightCache cache = cache_folder.empty() ? WeightCache() : WeightCache(cache_folder);
  ModelWeights weights{.sha256 = Sha256Of(checkpoint, head_checkpoints, cache.hashes())};
  weights.place = cache.Load(CacheKey(folder, weights.sha256), [&](ArrayStore& store) {
    auto network = Network::Load(folder, checkpoint, store);
    auto head = std::make_unique<const SentenceHead>(folder.head, head_checkpoints, store);
    weights.network = std::move(network);
    weights.head = std::move(head);
  });
  return weights;
}

}  // namespace vecmill

#include "weights/bert_weights.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

// BertModel saves its names bare; models with a head on top (BertForMaskedLM, ...) put "bert."
// before them.
constexpr std::string_view kPrefixes[] = {"", "bert."};
constexpr std::string_view kLayerPrefix = "encoder.layer.";

// Spellings of LayerNorm parameters: today's, and that of checkpoints converted from TensorFlow.
constexpr std::string_view kGammaNames[] = {"weight", "gamma"};
constexpr std::string_view kBetaNames[] = {"bias", "beta"};

class Finder {
 public:
  explicit Finder(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
    for (std::string_view prefix : kPrefixes) {
      prefix_ = prefix;
      if (checkpoint.Find(Full("embeddings.word_embeddings.weight")) != nullptr) return;
    }
    prefix_ = "";
  }

  Tensor Take(const std::string& name, const std::vector<int64_t>& shape) {
    const std::string_view as_named[] = {""};
    return TakeOneOf(name, as_named, shape);
  }

  // [H] and [H]
  LayerNormTensors TakeLayerNorm(const std::string& name, int64_t hidden) {
    return {.gamma = TakeOneOf(name + ".", kGammaNames, {hidden}),
            .beta = TakeOneOf(name + ".", kBetaNames, {hidden})};
  }

  // [out, in] and [out]
  LinearTensors TakeLinear(const std::string& name, int64_t out, int64_t in) {
    return {.weight = Take(name + ".weight", {out, in}), .bias = Take(name + ".bias", {out})};
  }

  void ThrowIfMissing() const {
    if (num_missing_ == 0) return;
    throw Error(ErrorCode::kCorrupt, checkpoint_.path() + ": " + std::to_string(num_missing_) +
                                         " tensors of a BERT are missing: " + missing_);
  }

  // Layers that the config does not count would be left out silently; something is inconsistent.
  void RefuseLayersFrom(int64_t layers) const {
    for (const Tensor& tensor : checkpoint_.tensors()) {
      const std::optional<int64_t> layer = LayerOf(tensor.name);
      if (!layer || *layer < layers) continue;
      throw Error(ErrorCode::kCorrupt, tensor.Where() + ": belongs to layer " +
                                           std::to_string(*layer) +
                                           " (counted from 0), but config.json says "
                                           "num_hidden_layers " +
                                           std::to_string(layers));
    }
  }

 private:
  std::string Full(const std::string& name) const { return std::string(prefix_) + name; }

  std::optional<int64_t> LayerOf(std::string_view name) const {
    if (!name.starts_with(prefix_)) return std::nullopt;
    name.remove_prefix(prefix_.size());
    if (!name.starts_with(kLayerPrefix)) return std::nullopt;
    name.remove_prefix(kLayerPrefix.size());
    int64_t layer = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), layer);
    if (parsed.ec != std::errc()) return std::nullopt;
    return layer;
  }

  // The tensor called `name` + one of `endings`; an empty one if it is missing.
  Tensor TakeOneOf(const std::string& name, std::span<const std::string_view> endings,
                   const std::vector<int64_t>& shape) {
    const Tensor* tensor = nullptr;
    for (std::string_view ending : endings) {
      if (tensor == nullptr) tensor = checkpoint_.Find(Full(name) + std::string(ending));
    }
    if (tensor == nullptr) {
      constexpr int64_t kNamed = 8;
      if (num_missing_ < kNamed) {
        missing_ += (num_missing_ > 0 ? ", " : "") + Full(name) + std::string(endings.front());
      } else if (num_missing_ == kNamed) {
        missing_ += ", ...";
      }
      ++num_missing_;
      return {};
    }
    if (tensor->shape != shape) {
      throw Error(ErrorCode::kCorrupt, tensor->Where() + " has shape " + ShapeText(tensor->shape) +
                                           ", but config.json asks for " + ShapeText(shape));
    }
    tensor->CheckReadable();
    return *tensor;
  }

  const Checkpoint& checkpoint_;
  std::string_view prefix_;
  std::string missing_;  // names of the first few
  int64_t num_missing_ = 0;
};

}  // namespace

BertTensors FindBertTensors(const Checkpoint& checkpoint, const BertConfig& config) {
  const int64_t hidden = config.hidden;
  const int64_t ffn = config.ffn;
  Finder finder(checkpoint);
  BertTensors bert{
      .word_embeddings = finder.Take("embeddings.word_embeddings.weight", {config.vocab, hidden}),
      .position_embeddings =
          finder.Take("embeddings.position_embeddings.weight", {config.max_positions, hidden}),
      .token_type_embeddings =
          finder.Take("embeddings.token_type_embeddings.weight", {config.type_vocab, hidden}),
      .embedding_norm = finder.TakeLayerNorm("embeddings.LayerNorm", hidden),
      .layers = {},
  };
  for (int64_t i = 0; i < config.layers; ++i) {
    const std::string layer = std::string(kLayerPrefix) + std::to_string(i) + ".";
    const std::string attention = layer + "attention.";
    bert.layers.push_back({
        .query = finder.TakeLinear(attention + "self.query", hidden, hidden),
        .key = finder.TakeLinear(attention + "self.key", hidden, hidden),
        .value = finder.TakeLinear(attention + "self.value", hidden, hidden),
        .attention_output = finder.TakeLinear(attention + "output.dense", hidden, hidden),
        .attention_norm = finder.TakeLayerNorm(attention + "output.LayerNorm", hidden),
        .ffn_up = finder.TakeLinear(layer + "intermediate.dense", ffn, hidden),
        .ffn_down = finder.TakeLinear(layer + "output.dense", hidden, ffn),
        .ffn_norm = finder.TakeLayerNorm(layer + "output.LayerNorm", hidden),
    });
  }
  finder.ThrowIfMissing();
  finder.RefuseLayersFrom(config.layers);
  return bert;
}

}  // namespace vecmill

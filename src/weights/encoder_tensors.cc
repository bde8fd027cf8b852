#include "weights/encoder_tensors.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

// Spellings of LayerNorm parameters: today's, and that of checkpoints converted from TensorFlow.
constexpr std::string_view kGammaNames[] = {"weight", "gamma"};
constexpr std::string_view kBetaNames[] = {"bias", "beta"};

class Finder {
 public:
  Finder(const Checkpoint& checkpoint, const NetworkConfig& config, const EncoderNames& names)
      : checkpoint_(checkpoint), config_(config), names_(names) {
    for (std::string_view prefix : {std::string_view(), names.model}) {
      prefix_ = prefix;
      if (checkpoint.Find(Full("embeddings.word_embeddings.weight")) != nullptr) return;
    }
    prefix_ = "";
  }

  EncoderLayerTensors TakeLayer(int64_t index) {
    const LayerNames& names = names_.layer;
    const int64_t hidden = config_.hidden;
    const int64_t ffn = config_.ffn;
    const std::string layer = std::string(names.prefix) + std::to_string(index) + ".";
    const auto full = [&](std::string_view name) { return layer + std::string(name); };
    return {
        .query = TakeLinear(full(names.query), hidden, hidden),
        .key = TakeLinear(full(names.key), hidden, hidden),
        .value = TakeLinear(full(names.value), hidden, hidden),
        .attention_output = TakeLinear(full(names.attention_output), hidden, hidden),
        .attention_norm = TakeLayerNorm(full(names.attention_norm), hidden),
        .ffn_up = TakeLinear(full(names.ffn_up), ffn, hidden),
        .ffn_down = TakeLinear(full(names.ffn_down), hidden, ffn),
        .ffn_norm = TakeLayerNorm(full(names.ffn_norm), hidden),
    };
  }

  Tensor Take(const std::string& name, const std::vector<int64_t>& shape) {
    const std::string_view as_named[] = {""};
    return TakeOneOf(name, as_named, shape);
  }

  // [width] and [width]
  LayerNormTensors TakeLayerNorm(const std::string& name, int64_t width) {
    return {.gamma = TakeOneOf(name + ".", kGammaNames, {width}),
            .beta = TakeOneOf(name + ".", kBetaNames, {width})};
  }

  // [out, in] and [out]
  LinearTensors TakeLinear(const std::string& name, int64_t out, int64_t in) {
    return {.weight = Take(name + ".weight", {out, in}), .bias = Take(name + ".bias", {out})};
  }

  void ThrowIfMissing() const {
    if (num_missing_ == 0) return;
    throw Error(ErrorCode::kCorrupt, checkpoint_.path() + ": " + std::to_string(num_missing_) +
                                         " tensors of this " + config_.model_type +
                                         " are missing: " + missing_);
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
    if (!name.starts_with(names_.layer.prefix)) return std::nullopt;
    name.remove_prefix(names_.layer.prefix.size());
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
  const NetworkConfig& config_;
  const EncoderNames& names_;
  std::string_view prefix_;
  std::string missing_;  // names of the first few
  int64_t num_missing_ = 0;
};

}  // namespace

EncoderTensors FindEncoderTensors(const Checkpoint& checkpoint, const NetworkConfig& config,
                                  const EncoderNames& names) {
  const int64_t width = config.embedding;
  const int64_t position_rows = config.max_positions + config.pad_id + 1;
  const int64_t stored_layers = config.shared_layer ? 1 : config.layers;
  Finder finder(checkpoint, config, names);
  EncoderTensors tensors;
  tensors.word_embeddings = finder.Take("embeddings.word_embeddings.weight", {config.vocab, width});
  tensors.position_embeddings =
      finder.Take("embeddings.position_embeddings.weight", {position_rows, width});
  if (config.type_vocab > 0) {
    tensors.token_type_embeddings =
        finder.Take("embeddings.token_type_embeddings.weight", {config.type_vocab, width});
  }
  tensors.embedding_norm = finder.TakeLayerNorm("embeddings.LayerNorm", width);
  if (config.projection) {
    tensors.projection = finder.TakeLinear(std::string(names.projection), config.hidden, width);
  }
  if (config.relative_bias) {
    tensors.relative_bias = finder.Take(std::string(names.relative_bias) + ".weight",
                                        {kNumDistanceBuckets, config.heads});
  }
  for (int64_t i = 0; i < stored_layers; ++i) tensors.layers.push_back(finder.TakeLayer(i));
  finder.ThrowIfMissing();
  finder.RefuseLayersFrom(stored_layers);
  return tensors;
}

}  // namespace vecmill

#include "weights/encoder_tensors.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vecmill/error.h"
#include "weights/tensor_taker.h"

namespace vecmill {
namespace {

// Spellings of LayerNorm parameters: today's, and that of checkpoints converted from TensorFlow.
constexpr std::string_view kGammaNames[] = {"weight", "gamma"};
constexpr std::string_view kBetaNames[] = {"bias", "beta"};

// Rows [begin, begin + count) of a tensor; an empty one of an empty one.
Tensor RowsOf(const Tensor& tensor, int64_t begin, int64_t count) {
  if (tensor.shape.empty()) return {};
  Tensor rows = tensor;
  const auto row_bytes = tensor.bytes.size() / static_cast<size_t>(tensor.shape[0]);
  rows.shape[0] = count;
  rows.bytes = tensor.bytes.subspan(static_cast<size_t>(begin) * row_bytes,
                                    static_cast<size_t>(count) * row_bytes);
  return rows;
}

LinearTensors RowsOf(const LinearTensors& linear, int64_t begin, int64_t count) {
  return {.weight = RowsOf(linear.weight, begin, count), .bias = RowsOf(linear.bias, begin, count)};
}

class Finder {
 public:
  Finder(const Checkpoint& checkpoint, const NetworkConfig& config, const EncoderNames& names)
      : checkpoint_(checkpoint), config_(config), names_(names), taker_(checkpoint) {
    for (std::string_view prefix : {std::string_view(), names.model}) {
      prefix_ = prefix;
      if (checkpoint.Find(Full(std::string(names.words) + ".weight")) != nullptr) return;
    }
    prefix_ = "";
  }

  EncoderLayerTensors TakeLayer(int64_t index) {
    const LayerNames& names = names_.layer;
    const int64_t hidden = config_.hidden;
    const int64_t ffn = config_.ffn;
    const std::string prefix = std::string(names.prefix) + std::to_string(index) + ".";
    const auto full = [&](std::string_view name) { return prefix + std::string(name); };
    EncoderLayerTensors layer;
    if (names.query_key_value.empty()) {
      layer.query = TakeLinear(full(names.query), hidden, hidden);
      layer.key = TakeLinear(full(names.key), hidden, hidden);
      layer.value = TakeLinear(full(names.value), hidden, hidden);
    } else {
      const LinearTensors fused = TakeLinear(full(names.query_key_value), 3 * hidden, hidden);
      layer.query = RowsOf(fused, 0, hidden);
      layer.key = RowsOf(fused, hidden, hidden);
      layer.value = RowsOf(fused, 2 * hidden, hidden);
    }
    layer.attention_output = TakeLinear(full(names.attention_output), hidden, hidden);
    if (!config_.pre_norm || index > 0) {
      layer.attention_norm = TakeLayerNorm(full(names.attention_norm), hidden);
    }
    if (names.ffn_up_gate.empty()) {
      layer.ffn_up = TakeLinear(full(names.ffn_up), ffn, hidden);
      if (config_.gated_ffn) layer.ffn_gate = TakeLinear(full(names.ffn_gate), ffn, hidden);
    } else {
      const LinearTensors fused = TakeLinear(full(names.ffn_up_gate), 2 * ffn, hidden);
      layer.ffn_up = RowsOf(fused, 0, ffn);
      layer.ffn_gate = RowsOf(fused, ffn, ffn);
    }
    layer.ffn_down = TakeLinear(full(names.ffn_down), hidden, ffn);
    layer.ffn_norm = TakeLayerNorm(full(names.ffn_norm), hidden);
    return layer;
  }

  Tensor Take(const std::string& name, const std::vector<int64_t>& shape) {
    const std::string_view as_named[] = {""};
    return TakeOneOf(name, as_named, shape);
  }

  // [width] and [width]
  LayerNormTensors TakeLayerNorm(const std::string& name, int64_t width) {
    return {.gamma = TakeOneOf(name + ".", kGammaNames, {width}),
            .beta = names_.norm_biases ? TakeOneOf(name + ".", kBetaNames, {width}) : Tensor()};
  }

  // [out, in] and [out]
  LinearTensors TakeLinear(const std::string& name, int64_t out, int64_t in) {
    return {.weight = Take(name + ".weight", {out, in}),
            .bias = names_.linear_biases ? Take(name + ".bias", {out}) : Tensor()};
  }

  void ThrowIfMissing() const { taker_.ThrowIfMissing(config_.model_type); }

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
    return taker_.TakeOneOf(Full(name), endings, shape);
  }

  const Checkpoint& checkpoint_;
  const NetworkConfig& config_;
  const EncoderNames& names_;
  std::string_view prefix_;
  TensorTaker taker_;
};

}  // namespace

EncoderTensors FindEncoderTensors(const Checkpoint& checkpoint, const NetworkConfig& config,
                                  const EncoderNames& names) {
  const int64_t width = config.embedding;
  const int64_t position_rows = config.max_positions + config.pad_id + 1;
  const int64_t stored_layers = config.shared_layer ? 1 : config.layers;
  Finder finder(checkpoint, config, names);
  EncoderTensors tensors;
  tensors.word_embeddings =
      finder.Take(std::string(names.words) + ".weight", {config.vocab, width});
  if (config.rope_theta == 0) {
    tensors.position_embeddings =
        finder.Take("embeddings.position_embeddings.weight", {position_rows, width});
  }
  if (config.type_vocab > 0) {
    tensors.token_type_embeddings =
        finder.Take("embeddings.token_type_embeddings.weight", {config.type_vocab, width});
  }
  tensors.embedding_norm = finder.TakeLayerNorm(std::string(names.embedding_norm), width);
  if (config.projection) {
    tensors.projection = finder.TakeLinear(std::string(names.projection), config.hidden, width);
  }
  if (config.relative_bias) {
    tensors.relative_bias = finder.Take(std::string(names.relative_bias) + ".weight",
                                        {kNumDistanceBuckets, config.heads});
  }
  for (int64_t i = 0; i < stored_layers; ++i) tensors.layers.push_back(finder.TakeLayer(i));
  if (config.pre_norm) {
    tensors.final_norm = finder.TakeLayerNorm(std::string(names.final_norm), config.hidden);
  }
  finder.ThrowIfMissing();
  finder.RefuseLayersFrom(stored_layers);
  return tensors;
}

}  // namespace vecmill

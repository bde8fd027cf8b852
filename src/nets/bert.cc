#include "nets/bert.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "base/check.h"
#include "base/stopwatch.h"
#include "ops/embedding.h"
#include "ops/nonlinearity.h"

namespace vecmill {
namespace {

AlignedBuffer<float> ReadTensor(const Tensor& tensor) {
  AlignedBuffer<float> values(tensor.num_elements());
  tensor.CopyF32(values.data());
  return values;
}

// Linear layers that read the same input become one matrix, one below the other.
PackedMatrix PackLinear(std::initializer_list<const LinearTensors*> layers) {
  int64_t rows = 0;
  for (const LinearTensors* layer : layers) rows += layer->weight.shape[0];
  const int64_t cols = (*layers.begin())->weight.shape[1];
  PackedMatrix packed(rows, cols);
  int64_t begin = 0;
  for (const LinearTensors* layer : layers) {
    const AlignedBuffer<float> weight = ReadTensor(layer->weight);
    const AlignedBuffer<float> bias = ReadTensor(layer->bias);
    packed.SetRows(begin, {weight.data(), bias.size(), cols, cols}, bias.data());
    begin += bias.size();
  }
  return packed;
}

Nonlinearity ToNonlinearity(Activation activation) {
  switch (activation) {
    case Activation::kGeluErf:
      return Nonlinearity::kGelu;
    case Activation::kGeluTanh:
      return Nonlinearity::kGeluTanh;
    case Activation::kRelu:
      return Nonlinearity::kRelu;
  }
  return Nonlinearity::kNone;
}

void Grow(AlignedBuffer<float>& buffer, int64_t size) {
  if (buffer.size() < size) buffer = AlignedBuffer<float>(size);
}

// Adds the time since its last call, or since construction, to a stage.
class StageClock {
 public:
  void Add(double& stage_seconds) {
    const double now = watch_.Seconds();
    stage_seconds += now - last_;
    last_ = now;
  }

 private:
  Stopwatch watch_;
  double last_ = 0.0;
};

}  // namespace

Bert::Norm::Norm(const LayerNormTensors& tensors, float epsilon)
    : gamma(ReadTensor(tensors.gamma)), beta(ReadTensor(tensors.beta)), eps(epsilon) {}

Bert::Layer::Layer(const BertConfig& config, const BertLayerTensors& tensors)
    : query_key_value(PackLinear({&tensors.query, &tensors.key, &tensors.value})),
      attention_output(PackLinear({&tensors.attention_output})),
      attention_norm(tensors.attention_norm, config.layer_norm_eps),
      ffn_up(PackLinear({&tensors.ffn_up})),
      ffn_down(PackLinear({&tensors.ffn_down})),
      ffn_norm(tensors.ffn_norm, config.layer_norm_eps) {}

Bert::Bert(const BertConfig& config, const BertTensors& tensors)
    : config_(config),
      words_(ReadTensor(tensors.word_embeddings)),
      positions_(ReadTensor(tensors.position_embeddings)),
      embedding_norm_(tensors.embedding_norm, config.layer_norm_eps) {
  const AlignedBuffer<float> types = ReadTensor(tensors.token_type_embeddings);
  for (int64_t i = 0; i < positions_.size(); ++i) positions_[i] += types[i % config.hidden];
  layers_.reserve(tensors.layers.size());
  for (const BertLayerTensors& layer : tensors.layers) layers_.emplace_back(config, layer);
}

void Bert::Workspace::Reserve(int64_t num_tokens, const BertConfig& config) {
  Grow(hidden_, num_tokens * config.hidden);
  Grow(context_, num_tokens * config.hidden);
  Grow(sublayer_, num_tokens * config.hidden);
  Grow(wide_, num_tokens * std::max(3 * config.hidden, config.ffn));
}

void Bert::CheckBatch(const PackedBatch& batch) const {
  for (int32_t id : batch.ids) VECMILL_CHECK(id >= 0 && id < config_.vocab);
  for (size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
    const int64_t num_tokens = batch.offsets[i + 1] - batch.offsets[i];
    VECMILL_CHECK(num_tokens >= 1 && num_tokens <= config_.max_positions);
  }
}

void Bert::Embed(const PackedBatch& batch, Matrix hidden) const {
  const EmbeddingTables tables{
      .words = {words_.data(), config_.vocab, config_.hidden, config_.hidden},
      .positions = {positions_.data(), config_.max_positions, config_.hidden, config_.hidden},
      .norm = embedding_norm_.params()};
  EmbedTokens(tables, batch.ids, batch.offsets, hidden);
}

const float* Bert::Forward(const PackedBatch& batch, Workspace& workspace, StageSeconds& seconds,
                           const Observer& observer) const {
  CheckBatch(batch);
  const int64_t tokens = batch.num_tokens();
  workspace.Reserve(tokens, config_);
  const auto matrix = [tokens](AlignedBuffer<float>& buffer, int64_t cols) {
    return Matrix{.data = buffer.data(), .rows = tokens, .cols = cols, .stride = cols};
  };
  const Matrix hidden = matrix(workspace.hidden_, config_.hidden);
  const Matrix context = matrix(workspace.context_, config_.hidden);
  const Matrix sublayer = matrix(workspace.sublayer_, config_.hidden);
  const Matrix qkv = matrix(workspace.wide_, 3 * config_.hidden);
  const Matrix ffn = matrix(workspace.wide_, config_.ffn);
  const AttentionShape heads{.heads = config_.heads,
                             .head_dim = config_.head_dim,
                             .scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim))};
  const Nonlinearity activation = ToNonlinearity(config_.activation);

  StageClock clock;
  Embed(batch, hidden);
  clock.Add(seconds.embed_lookup);
  if (observer) observer(0, hidden);
  for (const Layer& layer : layers_) {
    Gemm(hidden, layer.query_key_value, Nonlinearity::kNone, workspace.gemm_, qkv);
    clock.Add(seconds.qkv);
    Attention(qkv, batch.offsets, heads, workspace.attention_, context);
    clock.Add(seconds.attention);
    Gemm(context, layer.attention_output, Nonlinearity::kNone, workspace.gemm_, sublayer);
    AddLayerNorm(sublayer, hidden, layer.attention_norm.params(), hidden);
    clock.Add(seconds.attention_output);
    Gemm(hidden, layer.ffn_up, activation, workspace.gemm_, ffn);
    clock.Add(seconds.ffn_up);
    Gemm(ffn, layer.ffn_down, Nonlinearity::kNone, workspace.gemm_, sublayer);
    AddLayerNorm(sublayer, hidden, layer.ffn_norm.params(), hidden);
    clock.Add(seconds.ffn_down);
    if (observer) observer(&layer - layers_.data() + 1, hidden);
  }
  return hidden.data;
}

std::vector<const PackedMatrix*> Bert::LinearLayers() const {
  std::vector<const PackedMatrix*> linear;
  for (const Layer& layer : layers_) {
    linear.insert(linear.end(), {&layer.query_key_value, &layer.attention_output, &layer.ffn_up,
                                 &layer.ffn_down});
  }
  return linear;
}

int64_t Bert::weight_bytes() const {
  int64_t bytes = (words_.size() + positions_.size()) * static_cast<int64_t>(sizeof(float));
  for (const PackedMatrix* matrix : LinearLayers()) bytes += matrix->num_bytes();
  return bytes;
}

double Bert::flop_per_token() const {
  double flop = 0.0;
  for (const PackedMatrix* matrix : LinearLayers()) {
    flop += 2.0 * static_cast<double>(matrix->n()) * static_cast<double>(matrix->k());
  }
  return flop;
}

}  // namespace vecmill

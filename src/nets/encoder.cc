#include "nets/encoder.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "base/stopwatch.h"
#include "nets/relative_positions.h"
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

struct Encoder::Activations {
  Activations(Workspace& workspace, int64_t tokens, const NetworkConfig& config) {
    const int64_t hidden_size = config.hidden;
    Grow(workspace.hidden, tokens * hidden_size);
    Grow(workspace.context, tokens * hidden_size);
    Grow(workspace.sublayer, tokens * hidden_size);
    Grow(workspace.wide, tokens * std::max({3 * hidden_size, config.ffn, config.embedding}));
    const auto matrix = [tokens](AlignedBuffer<float>& buffer, int64_t cols) {
      return Matrix{.data = buffer.data(), .rows = tokens, .cols = cols, .stride = cols};
    };
    hidden = matrix(workspace.hidden, hidden_size);
    context = matrix(workspace.context, hidden_size);
    sublayer = matrix(workspace.sublayer, hidden_size);
    embedded = config.projection ? matrix(workspace.wide, config.embedding) : hidden;
    query_key_value = matrix(workspace.wide, 3 * hidden_size);
    ffn = matrix(workspace.wide, config.ffn);
  }

  Matrix hidden;
  Matrix context;
  Matrix sublayer;
  Matrix embedded;  // what the linear layer to hidden reads, or hidden
  Matrix query_key_value;
  Matrix ffn;
};

Encoder::Norm::Norm(const LayerNormTensors& tensors, float epsilon)
    : gamma(ReadTensor(tensors.gamma)), beta(ReadTensor(tensors.beta)), eps(epsilon) {}

Encoder::Layer::Layer(const NetworkConfig& config, const EncoderLayerTensors& tensors)
    : query_key_value(PackLinear({&tensors.query, &tensors.key, &tensors.value})),
      attention_output(PackLinear({&tensors.attention_output})),
      attention_norm(tensors.attention_norm, config.layer_norm_eps),
      ffn_up(PackLinear({&tensors.ffn_up})),
      ffn_down(PackLinear({&tensors.ffn_down})),
      ffn_norm(tensors.ffn_norm, config.layer_norm_eps) {}

Encoder::Encoder(const NetworkConfig& config, const EncoderTensors& tensors)
    : Network(config),
      words_(ReadTensor(tensors.word_embeddings)),
      positions_(ReadTensor(tensors.position_embeddings)),
      embedding_norm_(tensors.embedding_norm, config.layer_norm_eps) {
  if (config.type_vocab > 0) {
    const AlignedBuffer<float> types = ReadTensor(tensors.token_type_embeddings);
    for (int64_t i = 0; i < positions_.size(); ++i) positions_[i] += types[i % config.embedding];
  }
  if (config.projection) projection_ = PackLinear({&tensors.projection});
  if (config.relative_bias) {
    relative_bias_ =
        BucketedBias(ReadTensor(tensors.relative_bias).data(), config.heads, config.max_positions);
  }
  layers_.reserve(tensors.layers.size());
  for (const EncoderLayerTensors& layer : tensors.layers) layers_.emplace_back(config, layer);
}

void Encoder::Embed(const PackedBatch& batch, const Activations& x, Workspace& workspace) const {
  const int64_t width = config().embedding;
  const EmbeddingTables tables{
      .words = {words_.data(), config().vocab, width, width},
      .positions = {positions_.data(), positions_.size() / width, width, width},
      .norm = embedding_norm_.params(),
      .pad_id = config().pad_id};
  EmbedTokens(tables, batch.ids, batch.offsets, x.embedded);
  if (projection_) Gemm(x.embedded, *projection_, Nonlinearity::kNone, workspace.gemm, x.hidden);
}

void Encoder::RunLayer(const Layer& layer, const PackedBatch& batch, const Activations& x,
                       Workspace& workspace, StageSeconds& seconds) const {
  const AttentionShape heads{.heads = config().heads,
                             .head_dim = config().head_dim,
                             .scale = 1.0f / std::sqrt(static_cast<float>(config().head_dim)),
                             .bias = relative_bias_ ? &*relative_bias_ : nullptr};
  StageClock clock;
  Gemm(x.hidden, layer.query_key_value, Nonlinearity::kNone, workspace.gemm, x.query_key_value);
  clock.Add(seconds.qkv);
  Attention(x.query_key_value, batch.offsets, heads, workspace.attention, x.context);
  clock.Add(seconds.attention);
  Gemm(x.context, layer.attention_output, Nonlinearity::kNone, workspace.gemm, x.sublayer);
  AddLayerNorm(x.sublayer, x.hidden, layer.attention_norm.params(), x.hidden);
  clock.Add(seconds.attention_output);
  Gemm(x.hidden, layer.ffn_up, ToNonlinearity(config().activation), workspace.gemm, x.ffn);
  clock.Add(seconds.ffn_up);
  Gemm(x.ffn, layer.ffn_down, Nonlinearity::kNone, workspace.gemm, x.sublayer);
  AddLayerNorm(x.sublayer, x.hidden, layer.ffn_norm.params(), x.hidden);
  clock.Add(seconds.ffn_down);
}

const float* Encoder::Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                              StageSeconds& seconds, const Observer& observer) const {
  CheckCall(batch, last_layer);
  const Activations x(workspace, batch.num_tokens(), config());
  StageClock clock;
  Embed(batch, x, workspace);
  clock.Add(seconds.embed_lookup);
  if (observer) observer(0, x.hidden);
  for (int64_t i = 0; i < last_layer; ++i) {
    RunLayer(layer(i), batch, x, workspace, seconds);
    if (observer) observer(i + 1, x.hidden);
  }
  return x.hidden.data;
}

int64_t Encoder::weight_bytes() const {
  int64_t bytes = (words_.size() + positions_.size()) * static_cast<int64_t>(sizeof(float));
  if (projection_) bytes += projection_->num_bytes();
  if (relative_bias_) bytes += relative_bias_->num_bytes();
  for (const Layer& layer : layers_) {
    for (const PackedMatrix* matrix : layer.matrices()) bytes += matrix->num_bytes();
  }
  return bytes;
}

double Encoder::flop_per_token() const {
  const auto flop_of = [](const PackedMatrix& matrix) {
    return 2.0 * static_cast<double>(matrix.n()) * static_cast<double>(matrix.k());
  };
  double flop = projection_ ? flop_of(*projection_) : 0.0;
  for (int64_t i = 0; i < num_layers(); ++i) {
    for (const PackedMatrix* matrix : layer(i).matrices()) flop += flop_of(*matrix);
  }
  return flop;
}

}  // namespace vecmill

#include "nets/encoder.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "nets/relative_positions.h"
#include "nets/stage_clock.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/nonlinearity.h"

namespace vecmill {
namespace {

// Linear layers that read the same input become one matrix, one below the other.
PackedMatrix PackLinear(std::initializer_list<const LinearTensors*> layers, ArrayStore& store,
                        const std::string& name) {
  int64_t rows = 0;
  for (const LinearTensors* layer : layers) rows += layer->weight.shape[0];
  const int64_t cols = (*layers.begin())->weight.shape[1];
  return {store, name, rows, cols, [&](PackedMatrix::Packer& packer) {
            int64_t begin = 0;
            for (const LinearTensors* layer : layers) {
              const int64_t size = layer->weight.shape[0];
              packer.SetRows(begin, {layer->weight.ReadF32().data(), size, cols, cols},
                             layer->bias.ReadF32OrZeros(size).data());
              begin += size;
            }
          }};
}

// The vectors of `table`; to each is added that of token type 0, unless there are no types.
ConstArray<float> ReadEmbeddings(const Tensor& table, const Tensor* types, ArrayStore& store,
                                 const std::string& name) {
  return store.Take<float>(name, table.num_elements(), [&](float* dst) {
    table.CopyF32(dst);
    if (types == nullptr) return;
    const AlignedBuffer<float> added = types->ReadF32();
    const int64_t width = types->shape[1];
    for (int64_t i = 0; i < table.num_elements(); ++i) dst[i] += added[i % width];
  });
}

Nonlinearity ToNonlinearity(Activation activation) {
  switch (activation) {
    case Activation::kGeluErf:
      return Nonlinearity::kGelu;
    case Activation::kGeluTanh:
      return Nonlinearity::kGeluTanh;
    case Activation::kRelu:
      return Nonlinearity::kRelu;
    case Activation::kSilu:
      return Nonlinearity::kSilu;
  }
  return Nonlinearity::kNone;
}

}  // namespace

struct Encoder::Activations {
  Activations(Workspace& workspace, int64_t tokens, const NetworkConfig& config) {
    const int64_t hidden_size = config.hidden;
    workspace.hidden.Reserve(tokens * hidden_size);
    workspace.context.Reserve(tokens * hidden_size);
    workspace.sublayer.Reserve(tokens * hidden_size);
    const int64_t ffn_size = (config.gated_ffn ? 2 : 1) * config.ffn;
    workspace.wide.Reserve(tokens * std::max({3 * hidden_size, ffn_size, config.embedding}));
    const auto matrix = [tokens](AlignedBuffer<float>& buffer, int64_t cols) {
      return Matrix{.data = buffer.data(), .rows = tokens, .cols = cols, .stride = cols};
    };
    hidden = matrix(workspace.hidden, hidden_size);
    context = matrix(workspace.context, hidden_size);
    sublayer = matrix(workspace.sublayer, hidden_size);
    embedded = config.projection ? matrix(workspace.wide, config.embedding) : hidden;
    query_key_value = matrix(workspace.wide, 3 * hidden_size);
    ffn = matrix(workspace.wide, config.ffn);
    if (!config.gated_ffn) return;
    gate = ffn;
    gate.data += tokens * config.ffn;
  }

  Matrix hidden;
  Matrix context;
  Matrix sublayer;
  Matrix embedded;  // what the linear layer to hidden reads, or hidden
  Matrix query_key_value;
  Matrix ffn;
  Matrix gate;  // with gated_ffn
};

Encoder::Layer::Layer(const NetworkConfig& config, const EncoderLayerTensors& tensors,
                      ArrayStore& store, const std::string& name)
    : query_key_value(PackLinear({&tensors.query, &tensors.key, &tensors.value}, store,
                                 name + " query, key and value")),
      attention_output(PackLinear({&tensors.attention_output}, store, name + " attention output")),
      ffn_up(PackLinear({&tensors.ffn_up}, store, name + " ffn up")),
      ffn_down(PackLinear({&tensors.ffn_down}, store, name + " ffn down")),
      ffn_norm(Norm(tensors.ffn_norm, config.layer_norm_eps, store, name + " ffn norm")) {
  if (!tensors.attention_norm.gamma.shape.empty()) {
    attention_norm.emplace(tensors.attention_norm, config.layer_norm_eps, store,
                           name + " attention norm");
  }
  if (config.gated_ffn) ffn_gate = PackLinear({&tensors.ffn_gate}, store, name + " ffn gate");
}

std::vector<const PackedMatrix*> Encoder::Layer::matrices() const {
  std::vector<const PackedMatrix*> all = {&query_key_value, &attention_output, &ffn_up, &ffn_down};
  if (ffn_gate) all.push_back(&*ffn_gate);
  return all;
}

Encoder::Encoder(const NetworkConfig& config, const EncoderTensors& tensors, ArrayStore& store)
    : Network(config),
      embedding_norm_(tensors.embedding_norm, config.layer_norm_eps, store, "embedding norm") {
  const bool rotary = config.rope_theta > 0;
  const Tensor* types = config.type_vocab > 0 ? &tensors.token_type_embeddings : nullptr;
  words_ = ReadEmbeddings(tensors.word_embeddings, rotary ? types : nullptr, store, "words");
  if (!rotary) {
    positions_ = ReadEmbeddings(tensors.position_embeddings, types, store, "positions");
  }
  if (config.projection) projection_ = PackLinear({&tensors.projection}, store, "projection");
  if (config.relative_bias) {
    global_.bias =
        BucketedBias(tensors.relative_bias.ReadF32().data(), config.heads, config.max_positions);
  }
  if (rotary) {
    global_.rotary.emplace(store, "angles", config.max_positions, config.head_dim,
                           config.rope_theta);
  }
  if (!config.local_layers.empty()) {
    local_.max_distance = config.local_distance;
    local_.rotary.emplace(store, "local angles", config.max_positions, config.head_dim,
                          config.local_rope_theta);
  }
  layers_.reserve(tensors.layers.size());
  for (const EncoderLayerTensors& layer : tensors.layers) {
    layers_.emplace_back(config, layer, store, "layer " + std::to_string(layers_.size() + 1));
  }
  if (config.pre_norm) {
    final_norm_.emplace(tensors.final_norm, config.layer_norm_eps, store, "final norm");
  }
}

void Encoder::Embed(const PackedBatch& batch, const Activations& x, Workspace& workspace) const {
  const int64_t width = config().embedding;
  const int64_t position_rows = positions_.size() / width;
  const EmbeddingTables tables{
      .words = {words_.data(), config().vocab, width, width},
      .positions = {position_rows > 0 ? positions_.data() : nullptr, position_rows, width, width},
      .norm = embedding_norm_.params(),
      .pad_id = config().pad_id};
  EmbedTokens(tables, batch.ids, batch.offsets, x.embedded);
  if (projection_) Gemm(x.embedded, *projection_, Nonlinearity::kNone, workspace.gemm, x.hidden);
}

ConstMatrix Encoder::SublayerInput(const std::optional<Norm>& norm, const Activations& x) const {
  if (!config().pre_norm || !norm) return x.hidden;
  LayerNorm(x.hidden, norm->params(), x.sublayer);
  return x.sublayer;
}

void Encoder::AddSublayer(const std::optional<Norm>& norm, const Activations& x) const {
  if (config().pre_norm) {
    AddTo(x.sublayer, x.hidden);
  } else {
    AddLayerNorm(x.sublayer, x.hidden, norm->params(), x.hidden);
  }
}

void Encoder::RunLayer(int64_t index, const PackedBatch& batch, const Activations& x,
                       Workspace& workspace, StageSeconds& seconds) const {
  const Layer& weights = layer(index);
  const Positions& where = positions(index);
  const AttentionShape heads{.heads = config().heads,
                             .head_dim = config().head_dim,
                             .scale = 1.0f / std::sqrt(static_cast<float>(config().head_dim)),
                             .bias = where.bias ? &*where.bias : nullptr,
                             .max_distance = where.max_distance};
  const Nonlinearity activation = ToNonlinearity(config().activation);
  GemmWorkspace& gemm = workspace.gemm;

  StageClock clock;
  ConstMatrix input = SublayerInput(weights.attention_norm, x);
  Gemm(input, weights.query_key_value, Nonlinearity::kNone, gemm, x.query_key_value);
  clock.Add(seconds.qkv);
  if (where.rotary) Rotate(*where.rotary, batch.offsets, x.query_key_value);
  Attention(x.query_key_value, batch.offsets, heads, workspace.attention, x.context);
  clock.Add(seconds.attention);
  Gemm(x.context, weights.attention_output, Nonlinearity::kNone, gemm, x.sublayer);
  AddSublayer(weights.attention_norm, x);
  clock.Add(seconds.attention_output);
  input = SublayerInput(weights.ffn_norm, x);
  Gemm(input, weights.ffn_up, activation, gemm, x.ffn);
  if (weights.ffn_gate) {
    Gemm(input, *weights.ffn_gate, Nonlinearity::kNone, gemm, x.gate);
    MultiplyBy(x.gate, x.ffn);
  }
  clock.Add(seconds.ffn_up);
  Gemm(x.ffn, weights.ffn_down, Nonlinearity::kNone, gemm, x.sublayer);
  AddSublayer(weights.ffn_norm, x);
  if (final_norm_ && index + 1 == num_layers()) {
    LayerNorm(x.hidden, final_norm_->params(), x.hidden);
  }
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
    RunLayer(i, batch, x, workspace, seconds);
    if (observer) observer(i + 1, x.hidden);
  }
  return x.hidden.data;
}

int64_t Encoder::weight_bytes() const {
  int64_t bytes = (words_.size() + positions_.size()) * static_cast<int64_t>(sizeof(float));
  if (projection_) bytes += projection_->num_bytes();
  bytes += global_.num_bytes() + local_.num_bytes();
  for (const Layer& layer : layers_) {
    for (const PackedMatrix* matrix : layer.matrices()) bytes += matrix->num_bytes();
  }
  return bytes;
}

double Encoder::FlopPerToken(int64_t last_layer) const {
  const auto flop_of = [](const PackedMatrix& matrix) {
    return 2.0 * static_cast<double>(matrix.n()) * static_cast<double>(matrix.k());
  };
  double flop = projection_ ? flop_of(*projection_) : 0.0;
  for (int64_t i = 0; i < last_layer; ++i) {
    for (const PackedMatrix* matrix : layer(i).matrices()) flop += flop_of(*matrix);
  }
  return flop;
}

}  // namespace vecmill

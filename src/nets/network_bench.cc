// Forward passes of random weights, on blocks of 256 tokens: every family in one size, and a larger
// BERT; each stage as percent of the machine's peak, in the arithmetic of its matrices alone.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "nets/encoder.h"
#include "ops/machine_peak.h"

namespace vecmill {
namespace {

struct Model {
  const char* name;
  NetworkConfig config;
};

// `config` in the size of all-MiniLM-L6-v2. A gated feed-forward is as wide as makes three matrices
// cost what two do without a gate.
NetworkConfig MiniLmSize(NetworkConfig config) {
  config.hidden = 384;
  config.layers = 6;
  config.vocab = 30522;
  config.max_positions = 512;
  config.heads = 12;
  config.head_dim = 32;
  config.ffn = config.gated_ffn ? 1024 : 1536;
  if (config.embedding == 0) config.embedding = 384;
  config.layer_norm_eps = 1e-12f;
  return config;
}

const Model kModels[] = {
    {"MiniLM-L6", MiniLmSize({.type_vocab = 2})},
    {"DistilBERT", MiniLmSize({})},
    {"RoBERTa", MiniLmSize({.type_vocab = 1, .pad_id = 1})},
    {"MPNet", MiniLmSize({.pad_id = 1, .relative_bias = true})},
    {"ELECTRA", MiniLmSize({.embedding = 128, .projection = true, .type_vocab = 2})},
    {"ALBERT", MiniLmSize({.embedding = 128,
                           .projection = true,
                           .type_vocab = 2,
                           .shared_layer = true,
                           .activation = Activation::kGeluTanh})},
    {"ModernBERT", MiniLmSize({.rope_theta = 160000.0,
                               .pre_norm = true,
                               .gated_ffn = true,
                               .local_layers = {false, true, true, false, true, true},
                               .local_distance = 64,
                               .local_rope_theta = 10000.0})},
    {"NomicBERT", MiniLmSize({.type_vocab = 2,
                              .rope_theta = 1000.0,
                              .gated_ffn = true,
                              .activation = Activation::kSilu})},
    {"BERT-base",
     {.hidden = 768,
      .layers = 12,
      .vocab = 30522,
      .max_positions = 512,
      .heads = 12,
      .head_dim = 64,
      .ffn = 3072,
      .embedding = 768,
      .type_vocab = 2,
      .layer_norm_eps = 1e-12f}},
};

constexpr int64_t kBlockTokens = 256;

// An encoder whose tensors all begin in the same array of random numbers.
class RandomEncoder {
 public:
  explicit RandomEncoder(const NetworkConfig& config)
      : numbers_(static_cast<size_t>(config.vocab * config.hidden)) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, 0.05f);
    for (float& number : numbers_) number = normal(random);
    const int64_t h = config.hidden;
    const int64_t e = config.embedding;
    const LayerNormTensors norm{Random({h}), Random({h})};
    EncoderTensors tensors{.word_embeddings = Random({config.vocab, e}),
                           .embedding_norm = {Random({e}), Random({e})}};
    if (config.rope_theta == 0) {
      tensors.position_embeddings = Random({config.max_positions + config.pad_id + 1, e});
    }
    if (config.type_vocab > 0) tensors.token_type_embeddings = Random({config.type_vocab, e});
    if (config.projection) tensors.projection = {Random({h, e}), Random({h})};
    if (config.relative_bias) tensors.relative_bias = Random({kNumDistanceBuckets, config.heads});
    if (config.pre_norm) tensors.final_norm = norm;
    for (int64_t i = 0; i < (config.shared_layer ? 1 : config.layers); ++i) {
      const LinearTensors square{Random({h, h}), Random({h})};
      const LinearTensors up{Random({config.ffn, h}), Random({config.ffn})};
      tensors.layers.push_back({.query = square,
                                .key = square,
                                .value = square,
                                .attention_output = square,
                                .attention_norm = norm,
                                .ffn_up = up,
                                .ffn_gate = config.gated_ffn ? up : LinearTensors{},
                                .ffn_down = {Random({h, config.ffn}), Random({h})},
                                .ffn_norm = norm});
    }
    PrivateArrays store;
    network_ = std::make_unique<Encoder>(config, tensors, store);
  }

  const Network& network() const { return *network_; }

 private:
  Tensor Random(std::vector<int64_t> shape) const {
    Tensor tensor{.name = "random", .dtype = "F32", .shape = std::move(shape)};
    tensor.bytes = std::as_bytes(std::span(numbers_))
                       .first(static_cast<size_t>(tensor.num_elements()) * sizeof(float));
    return tensor;
  }

  std::vector<float> numbers_;
  std::unique_ptr<const Network> network_;
};

// As many whole sequences of `length` tokens as a block holds.
PackedBatch Block(int64_t length, int64_t vocab) {
  std::mt19937 random(2);
  PackedBatch batch;
  batch.offsets.push_back(0);
  while (batch.num_tokens() + length <= kBlockTokens) {
    for (int64_t i = 0; i < length; ++i) {
      batch.ids.push_back(static_cast<int32_t>(random() % static_cast<uint64_t>(vocab)));
    }
    batch.offsets.push_back(batch.num_tokens());
  }
  return batch;
}

void Report(benchmark::State& state, const NetworkConfig& c, const Network& network, int64_t length,
            const PackedBatch& batch, const StageSeconds& seconds) {
  using Counter = benchmark::Counter;
  const double peak = MeasurePeakFlops();
  const auto tokens = static_cast<double>(batch.num_tokens() * state.iterations());
  state.counters["tokens/s"] = Counter(tokens, Counter::kIsRate);
  state.counters["%peak"] = Counter(
      100.0 * network.FlopPerToken(network.num_layers()) * tokens / peak, Counter::kAvgThreadsRate);
  const auto stage = [&](const char* name, double stage_seconds, int64_t macs_per_token) {
    const double flop = 2.0 * static_cast<double>(macs_per_token * c.layers) * tokens;
    state.counters[name] = Counter(100.0 * flop / stage_seconds / peak, Counter::kAvgThreads);
  };
  stage("1 qkv %", seconds.qkv, 3 * c.hidden * c.hidden);
  stage("2 attention %", seconds.attention, 2 * length * c.hidden);
  stage("3 output %", seconds.attention_output, c.hidden * c.hidden);
  stage("4 ffn_up %", seconds.ffn_up, (c.gated_ffn ? 2 : 1) * c.hidden * c.ffn);
  stage("5 ffn_down %", seconds.ffn_down, c.hidden * c.ffn);
}

// Made once, for all threads.
const Network& SharedNetwork(const Model& model) {
  static std::mutex mu;
  static std::map<const char*, std::unique_ptr<const RandomEncoder>> made;
  const std::lock_guard lock(mu);
  std::unique_ptr<const RandomEncoder>& encoder = made[model.name];
  if (encoder == nullptr) encoder = std::make_unique<const RandomEncoder>(model.config);
  return encoder->network();
}

void BenchForward(benchmark::State& state, const Model& model, int64_t length) {
  const Network& network = SharedNetwork(model);
  const int64_t last_layer = network.num_layers();
  const PackedBatch batch = Block(length, model.config.vocab);
  Network::Workspace workspace;
  StageSeconds warm_up;
  network.Forward(batch, last_layer, workspace, warm_up);
  StageSeconds seconds;
  while (state.KeepRunning()) network.Forward(batch, last_layer, workspace, seconds);
  Report(state, model.config, network, length, batch, seconds);
}

const bool kRegistered = [] {
  for (const Model& model : kModels) {
    for (int64_t length : {12, 91, 256}) {
      const std::string name = std::string(model.name) + "/tokens a row:" + std::to_string(length);
      benchmark::RegisterBenchmark(
          name.c_str(),
          [&model, length](benchmark::State& state) { BenchForward(state, model, length); })
          ->ThreadRange(1, 2)
          ->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace vecmill

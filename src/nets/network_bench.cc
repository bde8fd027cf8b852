// Forward passes of random weights in the sizes of real models, on blocks of 256 tokens; each stage
// as percent of the machine's peak, in the arithmetic of its matrices alone.
#include <benchmark/benchmark.h>

#include <memory>
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

const Model kModels[] = {
    {"MiniLM-L6",
     {.hidden = 384,
      .layers = 6,
      .vocab = 30522,
      .max_positions = 512,
      .heads = 12,
      .head_dim = 32,
      .ffn = 1536,
      .embedding = 384,
      .type_vocab = 2,
      .layer_norm_eps = 1e-12f}},
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
    EncoderTensors tensors{.word_embeddings = Random({config.vocab, h}),
                           .position_embeddings = Random({config.max_positions, h}),
                           .token_type_embeddings = Random({config.type_vocab, h}),
                           .embedding_norm = {Random({h}), Random({h})}};
    for (int64_t i = 0; i < config.layers; ++i) {
      const LinearTensors square{Random({h, h}), Random({h})};
      tensors.layers.push_back({.query = square,
                                .key = square,
                                .value = square,
                                .attention_output = square,
                                .attention_norm = {Random({h}), Random({h})},
                                .ffn_up = {Random({config.ffn, h}), Random({config.ffn})},
                                .ffn_down = {Random({h, config.ffn}), Random({h})},
                                .ffn_norm = {Random({h}), Random({h})}});
    }
    network_ = std::make_unique<Encoder>(config, tensors);
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
  stage("4 ffn_up %", seconds.ffn_up, c.hidden * c.ffn);
  stage("5 ffn_down %", seconds.ffn_down, c.hidden * c.ffn);
}

const RandomEncoder& SharedModel(const Model& model) {
  static const RandomEncoder mini_lm(kModels[0].config);
  if (&model == &kModels[0]) return mini_lm;
  static const RandomEncoder bert_base(kModels[1].config);
  return bert_base;
}

void BenchForward(benchmark::State& state, const Model& model, int64_t length) {
  const Network& network = SharedModel(model).network();
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

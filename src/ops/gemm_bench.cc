// The matrix products of real models beside oneDNN's, one thread, as percent of the machine's peak.
// Results are compared before anything is timed.
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <oneapi/dnnl/dnnl.hpp>
#include <random>
#include <string>
#include <vector>

#include "ops/gemm.h"
#include "ops/machine_peak.h"

namespace vecmill {
namespace {

struct Shape {
  const char* name;
  int64_t n;
  int64_t k;
  Nonlinearity f;
};

constexpr Shape kShapes[] = {
    {"MiniLM query_key_value", 1152, 384, Nonlinearity::kNone},
    {"MiniLM attention_output", 384, 384, Nonlinearity::kNone},
    {"MiniLM ffn_up", 1536, 384, Nonlinearity::kGelu},
    {"MiniLM ffn_down", 384, 1536, Nonlinearity::kNone},
    {"BERT-base query_key_value", 2304, 768, Nonlinearity::kNone},
    {"BERT-base attention_output", 768, 768, Nonlinearity::kNone},
    {"BERT-base ffn_up", 3072, 768, Nonlinearity::kGelu},
    {"BERT-base ffn_down", 768, 3072, Nonlinearity::kNone},
};

std::vector<float> RandomNumbers(int64_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> numbers(static_cast<size_t>(size));
  for (float& number : numbers) number = uniform(random);
  return numbers;
}

// A linear layer without nonlinearity in oneDNN: the weight in the layout that it asks for.
class OneDnnLinear {
 public:
  OneDnnLinear(int64_t m, const Shape& shape, const std::vector<float>& weight,
               const std::vector<float>& bias)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using Tag = dnnl::memory::format_tag;
    const auto desc = [](int64_t rows, int64_t cols, Tag tag) {
      return dnnl::memory::desc({rows, cols}, dnnl::memory::data_type::f32, tag);
    };
    const dnnl::matmul::primitive_desc primitive(
        dnnl::matmul::desc(desc(m, shape.k, Tag::ab), desc(shape.k, shape.n, Tag::any),
                           desc(1, shape.n, Tag::ab), desc(m, shape.n, Tag::ab)),
        engine_);
    matmul_ = dnnl::matmul(primitive);
    bias_ = dnnl::memory(primitive.bias_desc(), engine_);
    std::copy(bias.begin(), bias.end(), static_cast<float*>(bias_.get_data_handle()));
    dnnl::memory plain(desc(shape.k, shape.n, Tag::ba), engine_);
    std::copy(weight.begin(), weight.end(), static_cast<float*>(plain.get_data_handle()));
    weight_ = dnnl::memory(primitive.weights_desc(), engine_);
    dnnl::reorder(plain, weight_).execute(stream_, plain, weight_);
    src_desc_ = primitive.src_desc();
    dst_desc_ = primitive.dst_desc();
  }

  void Run(float* a, float* c) {
    matmul_.execute(stream_, {{DNNL_ARG_SRC, dnnl::memory(src_desc_, engine_, a)},
                              {DNNL_ARG_WEIGHTS, weight_},
                              {DNNL_ARG_BIAS, bias_},
                              {DNNL_ARG_DST, dnnl::memory(dst_desc_, engine_, c)}});
    stream_.wait();
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::matmul matmul_;
  dnnl::memory weight_;
  dnnl::memory bias_;
  dnnl::memory::desc src_desc_;
  dnnl::memory::desc dst_desc_;
};

// oneDNN computes in an OpenMP team; the comparison is one thread's.
void UseOneOpenMpThread() {
  void* set_num_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_num_threads != nullptr) reinterpret_cast<void (*)(int)>(set_num_threads)(1);
}

bool Agree(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(difference <= tolerance)) return false;
  }
  return true;
}

void Report(benchmark::State& state, int64_t m, const Shape& shape) {
  const double flop = 2.0 * static_cast<double>(m * shape.n * shape.k);
  using Counter = benchmark::Counter;
  state.counters["flop/s"] = Counter(flop, Counter::kIsIterationInvariantRate);
  state.counters["%peak"] =
      Counter(100.0 * flop / MeasurePeakFlops(), Counter::kIsIterationInvariantRate);
}

void BenchGemm(benchmark::State& state, int64_t m, const Shape& shape, bool one_dnn) {
  UseOneOpenMpThread();
  const std::vector<float> weight = RandomNumbers(shape.n * shape.k);
  const std::vector<float> bias = RandomNumbers(shape.n);
  std::vector<float> a = RandomNumbers(m * shape.k);
  const ConstMatrix src{a.data(), m, shape.k, shape.k};
  PrivateArrays store;
  const PackedMatrix packed(store, "weight", shape.n, shape.k, [&](PackedMatrix::Packer& packer) {
    packer.SetRows(0, {weight.data(), shape.n, shape.k, shape.k}, bias.data());
  });
  OneDnnLinear twin(m, shape, weight, bias);
  GemmWorkspace workspace;

  std::vector<float> ours(static_cast<size_t>(m * shape.n));
  std::vector<float> theirs = ours;
  const Matrix dst{ours.data(), m, shape.n, shape.n};
  Gemm(src, packed, Nonlinearity::kNone, workspace, dst);
  twin.Run(a.data(), theirs.data());
  // Both err by at most k + 1 roundings of a sum of k terms below 1.
  const auto k = static_cast<double>(shape.k);
  if (!Agree(ours, theirs, 2.0 * (k + 1.0) * k * 0x1p-24)) {
    state.SkipWithError("results differ from oneDNN's");
    return;
  }
  while (state.KeepRunning()) {
    if (one_dnn) {
      twin.Run(a.data(), theirs.data());
    } else {
      Gemm(src, packed, shape.f, workspace, dst);
    }
  }
  Report(state, m, shape);
}

const bool kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (int64_t m : {12, 128, 256, 512}) {
      for (bool one_dnn : {false, true}) {
        const std::string name = std::string(shape.name) + "/M:" + std::to_string(m) +
                                 (one_dnn ? "/onednn without nonlinearity" : "/vecmill");
        benchmark::RegisterBenchmark(
            name.c_str(), [=](benchmark::State& state) { BenchGemm(state, m, shape, one_dnn); });
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace vecmill

// vecmill's side of the benchmark beside its peers: Embedder::Embed from strings in memory to
// vectors in memory, on request. peer_worker.py is the other side and speaks the same protocol.
//
//   peers_ours MODEL TEXTS THREADS
//
// TEXTS holds each text as a 32-bit little-endian length and its bytes. After one warm-up the
// program prints a JSON line about itself, then answers each line of stdin with a JSON line:
//   run        embed all texts; {"seconds": S, "stages": {...}}: wall clock of Embed alone, and the
//              threads' time in each stage
//   save PATH  write the vectors of the last run, raw f32 [N, dim]
//   peak       {"gflops": G}: the machine's fp32 peak with as many threads
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vecmill/embedder.h"
#include "vecmill/error.h"
#include "vecmill/version.h"

namespace vecmill {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kNotFound, path + ": cannot be opened");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The texts of a TEXTS file, borrowed from its `bytes`.
std::vector<TextRow> SplitTexts(std::string_view bytes) {
  std::vector<TextRow> rows;
  while (!bytes.empty()) {
    uint32_t length = 0;
    if (bytes.size() < sizeof length) throw Error(ErrorCode::kCorrupt, "TEXTS: cut in a length");
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (bytes.size() < length) throw Error(ErrorCode::kCorrupt, "TEXTS: cut in a text");
    rows.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return rows;
}

constexpr std::pair<const char*, double StageSeconds::*> kStages[] = {
    {"tokenize", &StageSeconds::tokenize},
    {"embed_lookup", &StageSeconds::embed_lookup},
    {"qkv", &StageSeconds::qkv},
    {"attention", &StageSeconds::attention},
    {"attention_output", &StageSeconds::attention_output},
    {"ffn_up", &StageSeconds::ffn_up},
    {"ffn_down", &StageSeconds::ffn_down},
    {"pool", &StageSeconds::pool},
};

class Bench {
 public:
  Bench(const std::string& model, std::span<const TextRow> rows, int num_threads)
      : rows_(rows), embedder_(Embedder::Load(model, {.num_threads = num_threads})) {}

  // One run; the answer about it.
  std::string Run() {
    const StageSeconds before = embedder_->stage_seconds();
    const auto start = std::chrono::steady_clock::now();
    made_ = embedder_->Embed(rows_);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const StageSeconds after = embedder_->stage_seconds();
    std::string stages;
    for (const auto& [name, stage] : kStages) {
      stages += (stages.empty() ? "\"" : ", \"") + std::string(name) +
                "\": " + std::to_string(after.*stage - before.*stage);
    }
    return "{\"seconds\": " + std::to_string(seconds.count()) + ", \"stages\": {" + stages + "}}";
  }

  void Save(const std::string& path) const {
    const std::vector<float>& vectors = made_.columns[0].values;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(vectors.data()),
               static_cast<std::streamsize>(vectors.size() * sizeof(float)));
    file.close();
    if (!file) throw Error(ErrorCode::kIo, path + ": cannot be written");
  }

  double PeakGflops() { return embedder_->MeasurePeakGflops(); }

  std::string Describe() const {
    int64_t tokens = 0;
    int64_t token_pairs = 0;  // that attention looks at
    for (const RowAccount& account : made_.accounts) {
      tokens += account.num_tokens;
      token_pairs += int64_t{account.num_tokens} * account.num_tokens;
    }
    return "{\"versions\": {\"vecmill\": \"" VECMILL_VERSION "\"}, \"tokens\": " +
           std::to_string(tokens) + ", \"token_pairs\": " + std::to_string(token_pairs) +
           ", \"flop_per_token\": " + std::to_string(embedder_->description().flop_per_token) + "}";
  }

 private:
  std::span<const TextRow> rows_;
  std::unique_ptr<Embedder> embedder_;
  Embeddings made_;
};

void Serve(Bench& bench) {
  bench.Run();
  std::cout << bench.Describe() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "run") {
      std::cout << bench.Run() << std::endl;
    } else if (line == "peak") {
      std::cout << "{\"gflops\": " << bench.PeakGflops() << "}" << std::endl;
    } else if (line.starts_with("save ")) {
      bench.Save(line.substr(5));
      std::cout << "{}" << std::endl;
    } else {
      throw Error(ErrorCode::kInvalidArgument, "stdin: '" + line + "' is not run, save or peak");
    }
  }
}

}  // namespace
}  // namespace vecmill

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: peers_ours MODEL TEXTS THREADS\n");
    return 2;
  }
  try {
    const std::string bytes = vecmill::ReadFile(argv[2]);
    const std::vector<vecmill::TextRow> rows = vecmill::SplitTexts(bytes);
    vecmill::Bench bench(argv[1], rows, std::stoi(argv[3]));
    vecmill::Serve(bench);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "peers_ours: %s\n", e.what());
    return 1;
  }
  return 0;
}

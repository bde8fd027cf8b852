#include "nets/sentence_head.h"

#include <filesystem>

#include "base/aligned_buffer.h"
#include "ops/layer_norm.h"
#include "ops/nonlinearity.h"
#include "vecmill/error.h"
#include "weights/checkpoint.h"

namespace vecmill {
namespace {

AlignedBuffer<float> ReadTensor(const Checkpoint& checkpoint, const char* name,
                                const std::vector<int64_t>& shape) {
  const Tensor* tensor = checkpoint.Find(name);
  if (tensor == nullptr) {
    throw Error(ErrorCode::kCorrupt,
                checkpoint.path() + ": tensor " + std::string(name) + " is missing");
  }
  if (tensor->shape != shape) {
    throw Error(ErrorCode::kCorrupt, tensor->Where() + " has shape " + ShapeText(tensor->shape) +
                                         ", but config.json asks for " + ShapeText(shape));
  }
  return tensor->ReadF32();
}

Nonlinearity ToNonlinearity(HeadModule::Function function) {
  switch (function) {
    case HeadModule::Function::kIdentity:
      return Nonlinearity::kNone;
    case HeadModule::Function::kTanh:
      return Nonlinearity::kTanh;
    case HeadModule::Function::kRelu:
      return Nonlinearity::kRelu;
    case HeadModule::Function::kGelu:
      return Nonlinearity::kGelu;
  }
  return Nonlinearity::kNone;
}

}  // namespace

class SentenceHead::Dense final : public Layer {
 public:
  Dense(const HeadModule& module, const Checkpoint& checkpoint)
      : matrix_(module.out, module.in), function_(ToNonlinearity(module.function)) {
    const AlignedBuffer<float> weight =
        ReadTensor(checkpoint, "linear.weight", {module.out, module.in});
    const ConstMatrix rows{weight.data(), module.out, module.in, module.in};
    if (module.bias) {
      matrix_.SetRows(0, rows, ReadTensor(checkpoint, "linear.bias", {module.out}).data());
    } else {
      matrix_.SetRows(0, rows, std::vector<float>(static_cast<size_t>(module.out)).data());
    }
  }

  int64_t out() const override { return matrix_.n(); }

  void Apply(const float* src, GemmWorkspace& workspace, float* dst) const override {
    Gemm({src, 1, matrix_.k(), matrix_.k()}, matrix_, function_, workspace,
         {dst, 1, matrix_.n(), matrix_.n()});
  }

 private:
  PackedMatrix matrix_;
  Nonlinearity function_;
};

class SentenceHead::Norm final : public Layer {
 public:
  Norm(const HeadModule& module, const Checkpoint& checkpoint)
      : gamma_(ReadTensor(checkpoint, "norm.weight", {module.out})),
        beta_(ReadTensor(checkpoint, "norm.bias", {module.out})) {}

  int64_t out() const override { return gamma_.size(); }

  void Apply(const float* src, GemmWorkspace& /*workspace*/, float* dst) const override {
    constexpr float kEps = 1e-5f;  // of torch.nn.LayerNorm
    LayerNorm({src, 1, out(), out()}, {gamma_.data(), beta_.data(), kEps}, {dst, 1, out(), out()});
  }

 private:
  AlignedBuffer<float> gamma_;
  AlignedBuffer<float> beta_;
};

SentenceHead::SentenceHead(const ModelFolder& folder) {
  for (const HeadModule& module : folder.head) {
    const auto path = std::filesystem::path(folder.path) / module.path;
    const Checkpoint checkpoint = Checkpoint::Open(path.string());
    if (module.kind == HeadModule::Kind::kDense) {
      layers_.push_back(std::make_unique<Dense>(module, checkpoint));
    } else {
      layers_.push_back(std::make_unique<Norm>(module, checkpoint));
    }
    weights_sha256_ += checkpoint.Sha256();
  }
}

SentenceHead::~SentenceHead() = default;

const float* SentenceHead::Apply(const float* src, Workspace& workspace) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    std::vector<float>& dst = workspace.values[i % 2];
    dst.resize(static_cast<size_t>(layers_[i]->out()));
    layers_[i]->Apply(src, workspace.gemm, dst.data());
    src = dst.data();
  }
  return src;
}

}  // namespace vecmill

#include "nets/sentence_head.h"

#include <filesystem>
#include <string>

#include "base/check.h"
#include "ops/layer_norm.h"
#include "ops/nonlinearity.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

const Tensor& FindTensor(const Checkpoint& checkpoint, const char* name,
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
  tensor->CheckReadable();
  return *tensor;
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
  Dense(const HeadModule& module, const Checkpoint& checkpoint, ArrayStore& store,
        const std::string& name)
      : function_(ToNonlinearity(module.function)) {
    const Tensor& weight = FindTensor(checkpoint, "linear.weight", {module.out, module.in});
    Tensor bias;
    if (module.bias) bias = FindTensor(checkpoint, "linear.bias", {module.out});
    matrix_ = PackedMatrix(store, name, module.out, module.in, [&](PackedMatrix::Packer& packer) {
      packer.SetRows(0, {weight.ReadF32().data(), module.out, module.in, module.in},
                     bias.ReadF32OrZeros(module.out).data());
    });
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
  Norm(const HeadModule& module, const Checkpoint& checkpoint, ArrayStore& store,
       const std::string& name)
      : gamma_(FindTensor(checkpoint, "norm.weight", {module.out}).ReadF32(store, name + " gamma")),
        beta_(FindTensor(checkpoint, "norm.bias", {module.out}).ReadF32(store, name + " beta")) {}

  int64_t out() const override { return gamma_.size(); }

  void Apply(const float* src, GemmWorkspace& /*workspace*/, float* dst) const override {
    constexpr float kEps = 1e-5f;  // of torch.nn.LayerNorm
    LayerNorm({src, 1, out(), out()}, {gamma_.data(), beta_.data(), kEps}, {dst, 1, out(), out()});
  }

 private:
  ConstArray<float> gamma_;
  ConstArray<float> beta_;
};

std::vector<Checkpoint> SentenceHead::OpenCheckpoints(const ModelFolder& folder) {
  std::vector<Checkpoint> checkpoints;
  for (const HeadModule& module : folder.head) {
    const auto path = std::filesystem::path(folder.path) / module.path;
    checkpoints.push_back(Checkpoint::Open(path.string()));
  }
  return checkpoints;
}

SentenceHead::SentenceHead(const std::vector<HeadModule>& modules,
                           const std::vector<Checkpoint>& checkpoints, ArrayStore& store) {
  VECMILL_CHECK(checkpoints.size() == modules.size());
  for (size_t i = 0; i < modules.size(); ++i) {
    const std::string name = "head " + std::to_string(i + 1);
    if (modules[i].kind == HeadModule::Kind::kDense) {
      layers_.push_back(
          std::make_unique<Dense>(modules[i], checkpoints[i], store, name + " dense"));
    } else {
      layers_.push_back(std::make_unique<Norm>(modules[i], checkpoints[i], store, name + " norm"));
    }
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

#include "nets/sentence_head.h"

#include <filesystem>

#include "base/aligned_buffer.h"
#include "vecmill/error.h"
#include "weights/checkpoint.h"

namespace vecmill {
namespace {

AlignedBuffer<float> ReadTensor(const Checkpoint& checkpoint, const char* name,
                                const std::vector<int64_t>& shape) {
  const Tensor* tensor = checkpoint.Find(name);
  if (tensor == nullptr) {
    throw Error(ErrorCode::kCorrupt,
                checkpoint.path() + ": a Dense module's tensor " + name + " is missing");
  }
  if (tensor->shape != shape) {
    throw Error(ErrorCode::kCorrupt, tensor->Where() + " has shape " + ShapeText(tensor->shape) +
                                         ", but config.json asks for " + ShapeText(shape));
  }
  tensor->CheckReadable();
  AlignedBuffer<float> values(tensor->num_elements());
  tensor->CopyF32(values.data());
  return values;
}

Nonlinearity ToNonlinearity(DenseModule::Function function) {
  switch (function) {
    case DenseModule::Function::kIdentity:
      return Nonlinearity::kNone;
    case DenseModule::Function::kTanh:
      return Nonlinearity::kTanh;
    case DenseModule::Function::kRelu:
      return Nonlinearity::kRelu;
    case DenseModule::Function::kGelu:
      return Nonlinearity::kGelu;
  }
  return Nonlinearity::kNone;
}

}  // namespace

SentenceHead::SentenceHead(const ModelFolder& folder) {
  for (const DenseModule& module : folder.dense) {
    const auto path = std::filesystem::path(folder.path) / module.path;
    const Checkpoint checkpoint = Checkpoint::Open(path.string());
    const AlignedBuffer<float> weight =
        ReadTensor(checkpoint, "linear.weight", {module.out, module.in});
    const std::vector<float> zeros(static_cast<size_t>(module.out));
    PackedMatrix matrix(module.out, module.in);
    const ConstMatrix rows{weight.data(), module.out, module.in, module.in};
    if (module.bias) {
      matrix.SetRows(0, rows, ReadTensor(checkpoint, "linear.bias", {module.out}).data());
    } else {
      matrix.SetRows(0, rows, zeros.data());
    }
    layers_.push_back({std::move(matrix), ToNonlinearity(module.function)});
    weights_sha256_ += checkpoint.Sha256();
  }
}

const float* SentenceHead::Apply(const float* src, Workspace& workspace) const {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const PackedMatrix& matrix = layers_[i].matrix;
    std::vector<float>& dst = workspace.values[i % 2];
    dst.resize(static_cast<size_t>(matrix.n()));
    Gemm({src, 1, matrix.k(), matrix.k()}, matrix, layers_[i].function, workspace.gemm,
         {dst.data(), 1, matrix.n(), matrix.n()});
    src = dst.data();
  }
  return src;
}

}  // namespace vecmill

#include "weights/tensor_taker.h"

#include "base/json.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr std::string_view kAsNamed[] = {""};
constexpr int64_t kNamedInMessage = 8;

}  // namespace

const Tensor* TensorTaker::Find(const std::string& name, std::span<const std::string_view> endings,
                                const std::vector<int64_t>& shape) {
  const Tensor* tensor = nullptr;
  for (std::string_view ending : endings) {
    if (tensor == nullptr) tensor = checkpoint_.Find(name + std::string(ending));
  }
  if (tensor == nullptr) {
    if (num_missing_ < kNamedInMessage) {
      missing_ += (num_missing_ > 0 ? ", " : "") + name + std::string(endings.front());
    } else if (num_missing_ == kNamedInMessage) {
      missing_ += ", ...";
    }
    ++num_missing_;
    return nullptr;
  }
  if (tensor->shape != shape) {
    throw Error(ErrorCode::kCorrupt, tensor->Where() + " has shape " + ShapeText(tensor->shape) +
                                         ", but config.json asks for " + ShapeText(shape));
  }
  return tensor;
}

Tensor TensorTaker::Take(const std::string& name, const std::vector<int64_t>& shape) {
  return TakeOneOf(name, kAsNamed, shape);
}

Tensor TensorTaker::TakeOneOf(const std::string& name, std::span<const std::string_view> endings,
                              const std::vector<int64_t>& shape) {
  const Tensor* tensor = Find(name, endings, shape);
  if (tensor == nullptr) return {};
  tensor->CheckReadable();
  return *tensor;
}

Tensor TensorTaker::TakeBytes(const std::string& name, const std::vector<int64_t>& shape) {
  const Tensor* tensor = Find(name, kAsNamed, shape);
  if (tensor == nullptr) return {};
  if (tensor->dtype != "U8") {
    throw Error(ErrorCode::kUnsupported, tensor->Where() + " is of dtype " +
                                             Json(tensor->dtype).Describe() + ", expected U8");
  }
  return *tensor;
}

void TensorTaker::ThrowIfMissing(const std::string& model) const {
  if (num_missing_ == 0) return;
  throw Error(ErrorCode::kCorrupt, checkpoint_.path() + ": " + std::to_string(num_missing_) +
                                       " tensors of this " + model + " are missing: " + missing_);
}

}  // namespace vecmill

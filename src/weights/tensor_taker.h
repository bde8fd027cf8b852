// weights/tensor_taker.h: finds tensors of a checkpoint by name and remembers which are missing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/checkpoint.h"
#include "weights/tensor.h"

namespace vecmill {

// Borrows the checkpoint; the tensors it gives outlive both. No tensor is read.
class TensorTaker {
 public:
  explicit TensorTaker(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  // The tensor called `name`, of a dtype that CopyF32 reads; an empty one if it is missing.
  // Errors: kCorrupt for another shape, kUnsupported for another dtype.
  Tensor Take(const std::string& name, const std::vector<int64_t>& shape);
  // The tensor called `name` + the first of `endings` that there is.
  Tensor TakeOneOf(const std::string& name, std::span<const std::string_view> endings,
                   const std::vector<int64_t>& shape);
  // Of dtype U8.
  Tensor TakeBytes(const std::string& name, const std::vector<int64_t>& shape);

  // Errors: kCorrupt, naming the first few of the missing and the `model` that needs them.
  void ThrowIfMissing(const std::string& model) const;

 private:
  // Of any dtype.
  const Tensor* Find(const std::string& name, std::span<const std::string_view> endings,
                     const std::vector<int64_t>& shape);

  const Checkpoint& checkpoint_;
  std::string missing_;  // names of the first few
  int64_t num_missing_ = 0;
};

}  // namespace vecmill

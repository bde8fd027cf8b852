// nets/norm.h: the parameters of a layer norm, read from a checkpoint.
#pragma once

#include <string>

#include "base/array_store.h"
#include "ops/layer_norm.h"
#include "weights/encoder_tensors.h"

namespace vecmill {

struct Norm {
  // In arrays of `store`, called `name` and what each is. Errors: as Tensor::ReadF32.
  Norm(const LayerNormTensors& tensors, float epsilon, ArrayStore& store, const std::string& name)
      : gamma(tensors.gamma.ReadF32(store, name + " gamma")),
        beta(tensors.beta.ReadF32OrZeros(gamma.size(), store, name + " beta")),
        eps(epsilon) {}

  LayerNormParams params() const { return {gamma.data(), beta.data(), eps}; }

  ConstArray<float> gamma;
  ConstArray<float> beta;
  float eps;
};

}  // namespace vecmill

// nets/norm.h: the parameters of a layer norm, read from a checkpoint.
#pragma once

#include "base/aligned_buffer.h"
#include "ops/layer_norm.h"
#include "weights/encoder_tensors.h"

namespace vecmill {

struct Norm {
  // Errors: as Tensor::CopyF32, std::bad_alloc.
  Norm(const LayerNormTensors& tensors, float epsilon)
      : gamma(tensors.gamma.ReadF32()),
        beta(tensors.beta.ReadF32OrZeros(gamma.size())),
        eps(epsilon) {}

  LayerNormParams params() const { return {gamma.data(), beta.data(), eps}; }

  AlignedBuffer<float> gamma;
  AlignedBuffer<float> beta;
  float eps;
};

}  // namespace vecmill

// nets/encoder.h: the transformer encoder of BERT and the families that kept its layers.
//
//   hidden = LayerNorm(words + positions + type 0), or a linear layer of it
//   each layer:  hidden = LayerNorm(hidden + attention(hidden))
//                hidden = LayerNorm(hidden + ffn_down(f(ffn_up(hidden))))
//
// Source: Devlin et al. 2019, arXiv:1810.04805, as transformers' models without their poolers. What
//         a family changes is in its NetworkConfig (weights/FAMILY.cc).
#pragma once

#include <optional>
#include <vector>

#include "nets/network.h"
#include "ops/layer_norm.h"
#include "weights/encoder_tensors.h"

namespace vecmill {

class Encoder final : public Network {
 public:
  // `config` is the one the tensors were found with. Errors: see Network::Load.
  Encoder(const NetworkConfig& config, const EncoderTensors& tensors);

  const float* Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                       StageSeconds& seconds, const Observer& observer = nullptr) const override;

  int64_t weight_bytes() const override;
  double flop_per_token() const override;

 private:
  struct Norm {
    Norm(const LayerNormTensors& tensors, float epsilon);
    LayerNormParams params() const { return {gamma.data(), beta.data(), eps}; }

    AlignedBuffer<float> gamma;
    AlignedBuffer<float> beta;
    float eps;
  };

  struct Layer {
    Layer(const NetworkConfig& config, const EncoderLayerTensors& tensors);
    std::vector<const PackedMatrix*> matrices() const {
      return {&query_key_value, &attention_output, &ffn_up, &ffn_down};
    }

    PackedMatrix query_key_value;
    PackedMatrix attention_output;
    Norm attention_norm;
    PackedMatrix ffn_up;
    PackedMatrix ffn_down;
    Norm ffn_norm;
  };

  // The workspace's buffers as matrices of a batch's rows; those in `wide` are not used together.
  struct Activations;

  void Embed(const PackedBatch& batch, const Activations& x, Workspace& workspace) const;
  void RunLayer(const Layer& layer, const PackedBatch& batch, const Activations& x,
                Workspace& workspace, StageSeconds& seconds) const;
  // Of layer `index`, counted from 0.
  const Layer& layer(int64_t index) const {
    return layers_[config().shared_layer ? 0 : static_cast<size_t>(index)];
  }

  AlignedBuffer<float> words_;      // [V, E]
  AlignedBuffer<float> positions_;  // [P, E], token type 0 added
  Norm embedding_norm_;
  std::optional<PackedMatrix> projection_;
  std::optional<RelativeBias> relative_bias_;
  std::vector<Layer> layers_;
};

}  // namespace vecmill

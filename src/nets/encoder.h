// nets/encoder.h: the transformer encoder, of BERT and of all families after it.
//
//   hidden = LayerNorm(words + positions + type 0), or a linear layer of it
//   each layer:  hidden = LayerNorm(hidden + attention(hidden))
//                hidden = LayerNorm(hidden + ffn_down(f(ffn_up(hidden))))
//   with pre_norm: hidden = hidden + attention(LayerNorm(hidden))
//                  hidden = hidden + ffn_down(f(ffn_up(LayerNorm(hidden))))
//                  and one more LayerNorm after the last layer, which is part of it
//
// Source: Devlin et al. 2019, arXiv:1810.04805, as transformers' models without their poolers. What
//         a family changes is in its NetworkConfig (weights/FAMILY.cc).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nets/network.h"
#include "nets/norm.h"
#include "ops/rotary.h"
#include "weights/encoder_tensors.h"

namespace vecmill {

class Encoder final : public Network {
 public:
  // `config` is the one the tensors were found with. Errors: see Network::Load.
  Encoder(const NetworkConfig& config, const EncoderTensors& tensors, ArrayStore& store);

  const float* Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                       StageSeconds& seconds, const Observer& observer = nullptr) const override;

  int64_t weight_bytes() const override;
  double FlopPerToken(int64_t last_layer) const override;

 private:
  struct Layer {
    Layer(const NetworkConfig& config, const EncoderLayerTensors& tensors, ArrayStore& store,
          const std::string& name);
    std::vector<const PackedMatrix*> matrices() const;

    PackedMatrix query_key_value;
    PackedMatrix attention_output;
    std::optional<Norm> attention_norm;  // none: attention reads hidden as it is
    PackedMatrix ffn_up;
    std::optional<PackedMatrix> ffn_gate;
    PackedMatrix ffn_down;
    std::optional<Norm> ffn_norm;  // always there
  };

  // How the layers of one kind, local or not, know where a token is and how far it sees.
  struct Positions {
    std::optional<RotaryTable> rotary;
    std::optional<RelativeBias> bias;
    int64_t max_distance = AttentionShape{}.max_distance;
    int64_t num_bytes() const {
      return (rotary ? rotary->num_bytes() : 0) + (bias ? bias->num_bytes() : 0);
    }
  };

  // The workspace's buffers as matrices of a batch's rows; those in `wide` are not used together.
  struct Activations;

  void Embed(const PackedBatch& batch, const Activations& x, Workspace& workspace) const;
  void RunLayer(int64_t index, const PackedBatch& batch, const Activations& x, Workspace& workspace,
                StageSeconds& seconds) const;
  // What a sublayer reads: hidden, or with pre_norm the norm of hidden, in x.sublayer.
  ConstMatrix SublayerInput(const std::optional<Norm>& norm, const Activations& x) const;
  // Add x.sublayer to hidden.
  void AddSublayer(const std::optional<Norm>& norm, const Activations& x) const;
  // Of layer `index`, counted from 0.
  const Layer& layer(int64_t index) const {
    return layers_[config().shared_layer ? 0 : static_cast<size_t>(index)];
  }
  const Positions& positions(int64_t index) const {
    const std::vector<bool>& local = config().local_layers;
    return !local.empty() && local[static_cast<size_t>(index)] ? local_ : global_;
  }

  // Token type 0 is added to the positions, or to the words if there are none.
  ConstArray<float> words_;      // [V, E]
  ConstArray<float> positions_;  // [P, E], or empty
  Norm embedding_norm_;
  std::optional<PackedMatrix> projection_;
  Positions global_;
  Positions local_;
  std::vector<Layer> layers_;
  std::optional<Norm> final_norm_;
};

}  // namespace vecmill

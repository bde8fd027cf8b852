// nets/static_embedding.h: the network that is none: a token's hidden state is its row of a table.
//
// Layer 0 is the only one. Source and names of tensors: weights/static_embedding.h.
// Tested by static_embedding_test.cc.
#pragma once

#include "base/array_store.h"
#include "nets/network.h"
#include "weights/static_embedding.h"

namespace vecmill {

class StaticEmbedding final : public Network {
 public:
  // Errors: as Network::Load.
  StaticEmbedding(const StaticTensors& tensors, ArrayStore& store)
      : Network(StaticConfig(tensors)),
        table_(store.Take<float>("table", tensors.vocab() * tensors.hidden(),
                                 [&](float* dst) { CopyStaticTable(tensors, dst); })) {}

  const float* Forward(const PackedBatch& batch, int64_t last_layer, Workspace& workspace,
                       StageSeconds& seconds, const Observer& observer = nullptr) const override;

  int64_t weight_bytes() const override {
    return table_.size() * static_cast<int64_t>(sizeof(float));
  }
  double FlopPerToken(int64_t /*last_layer*/) const override { return 0; }

 private:
  ConstArray<float> table_;  // [V, H]
};

}  // namespace vecmill

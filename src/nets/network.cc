#include "nets/network.h"

#include "base/check.h"
#include "nets/encoder.h"
#include "nets/static_embedding.h"
#include "nets/use.h"
#include "weights/encoder_tensors.h"
#include "weights/static_embedding.h"
#include "weights/use_tensors.h"

namespace vecmill {

std::unique_ptr<const Network> Network::Load(const ModelFolder& folder,
                                             const Checkpoint& checkpoint, ArrayStore& store) {
  if (folder.config.model_type == kStaticEmbedding) {
    return std::make_unique<StaticEmbedding>(FindStaticTensors(checkpoint), store);
  }
  if (folder.config.pools_tokens) {
    return std::make_unique<UniversalSentenceEncoder>(
        folder.config, FindUseTensors(checkpoint, folder.config), store);
  }
  return std::make_unique<Encoder>(folder.config, FindEncoderTensors(checkpoint, folder.config),
                                   store);
}

void Network::CheckCall(const PackedBatch& batch, int64_t last_layer) const {
  VECMILL_CHECK(last_layer >= 0 && last_layer <= num_layers());
  for (int32_t id : batch.ids) VECMILL_CHECK(id >= 0 && id < vocab());
  for (size_t i = 0; i + 1 < batch.offsets.size(); ++i) {
    const int64_t num_tokens = batch.offsets[i + 1] - batch.offsets[i];
    VECMILL_CHECK(num_tokens >= 1 && num_tokens <= max_positions());
  }
}

}  // namespace vecmill

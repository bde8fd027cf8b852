#include "nets/static_embedding.h"

#include <algorithm>

#include "base/stopwatch.h"

namespace vecmill {

const float* StaticEmbedding::Forward(const PackedBatch& batch, int64_t last_layer,
                                      Workspace& workspace, StageSeconds& seconds,
                                      const Observer& observer) const {
  CheckCall(batch, last_layer);
  const Stopwatch watch;
  workspace.hidden.Reserve(batch.num_tokens() * hidden());
  float* dst = workspace.hidden.data();
  for (const int32_t id : batch.ids) {
    std::copy_n(table_.data() + id * hidden(), hidden(), dst);
    dst += hidden();
  }
  seconds.embed_lookup += watch.Seconds();
  const float* rows = workspace.hidden.data();
  if (observer) observer(0, {rows, batch.num_tokens(), hidden(), hidden()});
  return rows;
}

}  // namespace vecmill

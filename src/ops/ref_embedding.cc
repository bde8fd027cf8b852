#include "ops/embedding.h"

namespace vecmill {

void RefEmbedTokens(const EmbeddingTables& tables, std::span<const int32_t> ids,
                    std::span<const int64_t> offsets, Matrix dst) {
  const int64_t hidden = tables.words.cols;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    int64_t num_counted = 0;
    for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      const float* word = tables.words.Row(ids[static_cast<size_t>(t)]);
      const bool is_pad = ids[static_cast<size_t>(t)] == tables.pad_id;
      const int64_t position_row = is_pad ? tables.pad_id : tables.pad_id + ++num_counted;
      const bool has_positions = tables.positions.data != nullptr;
      const float* position = has_positions ? tables.positions.Row(position_row) : nullptr;
      const Matrix row{.data = dst.Row(t), .rows = 1, .cols = hidden, .stride = hidden};
      RefLayerNorm({.data = word, .rows = 1, .cols = hidden, .stride = hidden},
                   {.data = position, .rows = 1, .cols = hidden, .stride = hidden}, tables.norm,
                   row);
    }
  }
}

}  // namespace vecmill

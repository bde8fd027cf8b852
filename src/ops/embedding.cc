#include "ops/embedding.h"

#include <algorithm>

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/embedding.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/layer_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// The rows of a vocabulary lie all over memory: fetch one while the one before is worked on.
HWY_INLINE void PrefetchRow(const float* row, int64_t size) {
  for (int64_t i = 0; i < size; i += kLanes) hwy::Prefetch(row + i);
}

void EmbedRows(const EmbeddingTables& tables, std::span<const int32_t> ids,
               std::span<const int64_t> offsets, Matrix dst) {
  const ConstMatrix& words = tables.words;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    int64_t next_position = tables.pad_id + 1;
    for (int64_t t = offsets[i]; t < offsets[i + 1]; ++t) {
      const auto token = static_cast<size_t>(t);
      if (token + 1 < ids.size()) PrefetchRow(words.Row(ids[token + 1]), words.cols);
      const int64_t position = ids[token] == tables.pad_id ? tables.pad_id : next_position++;
      if (tables.positions.data == nullptr) {
        std::copy_n(words.Row(ids[token]), words.cols, dst.Row(t));
      } else {
        AddRows(words.Row(ids[token]), tables.positions.Row(position), words.cols, dst.Row(t));
      }
      NormalizeRow(dst.Row(t), words.cols, tables.norm);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(EmbedRows);

void EmbedTokens(const EmbeddingTables& tables, std::span<const int32_t> ids,
                 std::span<const int64_t> offsets, Matrix dst) noexcept {
  HWY_DYNAMIC_DISPATCH(EmbedRows)(tables, ids, offsets, dst);
}

}  // namespace vecmill
#endif  // HWY_ONCE

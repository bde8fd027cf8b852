// One sequence and one head at a time. K is copied transposed and V as it is into panels, so that
// both products run on tile-inl.h; queries go in blocks whose scores stay in the first level cache.
// With 12 tokens or with 512, that is a few percent of what the linear layers cost: what matters is
// not to compute padding.
//
// Columns of the last panel of keys that have no key start at kNoKey instead of 0, so that the
// maximum passes over them and the softmax gives them 1.6e-28, which vanishes in a sum of at
// least 1. No masks. A bias takes one more pass over the scores; it is kept by distance, so that a
// query's biases are consecutive numbers. With a max_distance, a block of queries multiplies with
// the panels that any of them reads, and each query's scores beyond its reach become kNoKey.
#include "ops/attention.h"

#include <algorithm>

#include "base/check.h"
#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/attention.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/math-inl.h"
#include "ops/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

constexpr float kNoKey = -1e30f;

HWY_INLINE int64_t RoundUp(int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// columns [D][16], the first four of each = the transpose of rows [4][D].
void TransposeFourRows(const float* const* rows, int64_t depth, float* columns) {
  int64_t k = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<uint64_t, 2> pairs;
  for (; k + 4 <= depth; k += 4) {
    const auto row0 = hn::LoadU(d, rows[0] + k);
    const auto row1 = hn::LoadU(d, rows[1] + k);
    const auto row2 = hn::LoadU(d, rows[2] + k);
    const auto row3 = hn::LoadU(d, rows[3] + k);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
    float* dst = columns + k * kLanes;
    hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, dst);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, dst + kLanes);
    hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, dst + 2 * kLanes);
    hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, dst + 3 * kLanes);
  }
#endif
  for (; k < depth; ++k) {
    for (int i = 0; i < 4; ++i) columns[k * kLanes + i] = rows[i][k];
  }
}

// panels [L / 16][D][16] = the transpose of keys [L, D], zeros [D] where there is no key.
void PackKeys(ConstMatrix keys, const float* zeros, float* panels) {
  for (int64_t i = 0; i < RoundUp(keys.rows); i += 4) {
    const float* rows[4];
    for (int64_t j = 0; j < 4; ++j) rows[j] = i + j < keys.rows ? keys.Row(i + j) : zeros;
    TransposeFourRows(rows, keys.cols, panels + i / kLanes * kLanes * keys.cols + i % kLanes);
  }
}

// panels [D / 16][L][16] = values [L, D], zeros beyond D.
void PackValues(ConstMatrix values, float* panels) {
  for (int64_t d = 0; d < values.cols; d += kLanes) {
    for (int64_t i = 0; i < values.rows; ++i) {
      Store(LoadUpTo(values.Row(i) + d, values.cols - d), panels);
      panels += kLanes;
    }
  }
}

// c = init + a * panels, all of the depth at once; init [c.cols rounded up to 16]; a panel's
// numbers begin panel_size behind those of the one before it.
void MultiplyByPanels(ConstMatrix a, const float* panels, int64_t panel_size, const float* init,
                      Matrix c) {
  const RowTiles tiles(c.rows);
  int64_t n = 0;
  while (n < c.cols) {
    const bool whole = n + kMaxTilePanels * kLanes <= c.cols;
    const int64_t cols = whole ? kMaxTilePanels * kLanes : std::min(kLanes, c.cols - n);
    for (int64_t t = 0; t < tiles.count(); ++t) {
      const int64_t begin = tiles.Begin(t);
      const int64_t rows = tiles.Begin(t + 1) - begin;
      const Tile tile{.a = a.Row(begin),
                      .a_stride = a.stride,
                      .b = panels + n / kLanes * panel_size,
                      .panel_stride = panel_size,
                      .depth = a.cols,
                      .init = init + n,
                      .c = c.Row(begin) + n,
                      .c_stride = c.stride};
      if (whole) {
        MultiplyColumns<kMaxTilePanels, LayoutOfA::kRows>(tile, rows, cols);
      } else {
        MultiplyColumns<1, LayoutOfA::kRows>(tile, rows, cols);
      }
    }
    n += cols;
  }
}

// row = exp(scale * (row - max)); returns the sum. REQUIRES: cols is a multiple of 16.
HWY_INLINE float ExpRow(float* row, int64_t cols, float scale) {
  const VecTag d;
  Lanes max = Load(row);
  for (int64_t j = kLanes; j < cols; j += kLanes) max = Max(max, Load(row + j));
  const Vec row_max = hn::Set(d, MaxOfLanes(max));
  const Vec scales = hn::Set(d, scale);
  const Vec lowest = hn::Set(d, -kMaxExpArgument);
  Lanes sum = Broadcast(0.0f);
  for (int64_t j = 0; j < cols; j += kLanes) {
    Lanes x = Load(row + j);
    VECMILL_UNROLL
    for (int i = 0; i < kVecs; ++i) {
      x.vec[i] = Exp(hn::Max(hn::Mul(hn::Sub(x.vec[i], row_max), scales), lowest));
    }
    Store(x, row + j);
    sum = Add(sum, x);
  }
  return SumOfLanes(sum);
}

// row = scale * row + bias.
HWY_INLINE void ScaleAndAdd(float* row, int64_t cols, float scale, const float* bias) {
  const Lanes scales = Broadcast(scale);
  for (int64_t j = 0; j < cols; j += kLanes) {
    Store(MulAdd(Load(row + j), scales, LoadUpTo(bias + j, kLanes)), row + j);
  }
}

HWY_INLINE void ScaleRow(float* row, int64_t size, float factor) {
  const Lanes factors = Broadcast(factor);
  for (int64_t j = 0; j < size; j += kLanes) {
    StoreUpTo(Mul(LoadUpTo(row + j, size - j), factors), size - j, row + j);
  }
}

// scores [first, first + cols) of a query = kNoKey where they are farther from it than
// max_distance.
HWY_INLINE void CutReach(float* scores, int64_t first, int64_t cols, int64_t query,
                         int64_t max_distance) {
  const int64_t begin = std::clamp(query - max_distance - first, int64_t{0}, cols);
  const int64_t end = std::clamp(query + max_distance + 1 - first, int64_t{0}, cols);
  std::fill(scores, scores + begin, kNoKey);
  std::fill(scores + end, scores + cols, kNoKey);
}

// dst = softmax(scale * queries keys^T + bias) values, for one sequence and head whose keys and
// values are packed in the workspace.
void AttendHead(ConstMatrix queries, int64_t head, const AttentionShape& shape,
                AttentionWorkspace& workspace, Matrix dst) {
  const int64_t num_keys = queries.rows;
  const int64_t reach = shape.max_distance;
  const int64_t block =
      AttentionWorkspace::QueriesPerBlock(AttentionWorkspace::KeysPerBlock(num_keys, shape));
  for (int64_t begin = 0; begin < queries.rows; begin += block) {
    const int64_t rows = std::min(block, queries.rows - begin);
    // Keys [first, end), from the beginning of a panel; `cols` scores of them, to the end of one.
    const int64_t first = std::max(begin - reach, int64_t{0}) / kLanes * kLanes;
    const int64_t end = std::min(begin + rows + reach, num_keys);
    const int64_t cols = RoundUp(end - first);
    const Matrix scores{.data = workspace.scores(), .rows = rows, .cols = cols, .stride = cols};
    MultiplyByPanels({queries.Row(begin), rows, queries.cols, queries.stride},
                     workspace.keys() + first * queries.cols, kLanes * queries.cols,
                     workspace.score_start() + first, scores);
    float sums[AttentionWorkspace::kMaxQueriesPerBlock];
    for (int64_t i = 0; i < rows; ++i) {
      float scale = shape.scale;
      if (shape.bias != nullptr) {
        ScaleAndAdd(scores.Row(i), cols, scale, shape.bias->Row(head, begin + i) + first);
        scale = 1.0f;
      }
      if (reach < num_keys) CutReach(scores.Row(i), first, cols, begin + i, reach);
      sums[i] = ExpRow(scores.Row(i), cols, scale);
    }
    const Matrix out{.data = dst.Row(begin), .rows = rows, .cols = dst.cols, .stride = dst.stride};
    MultiplyByPanels({scores.data, rows, end - first, scores.stride},
                     workspace.values() + first * kLanes, num_keys * kLanes, workspace.zeros(),
                     out);
    for (int64_t i = 0; i < rows; ++i) ScaleRow(out.Row(i), out.cols, 1.0f / sums[i]);
  }
}

void AttendBatch(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
                 AttentionWorkspace& workspace, Matrix dst) {
  const int64_t width = shape.heads * shape.head_dim;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const int64_t begin = offsets[i];
    const int64_t rows = offsets[i + 1] - begin;
    std::fill_n(workspace.score_start(), rows, 0.0f);
    std::fill_n(workspace.score_start() + rows, RoundUp(rows) - rows, kNoKey);
    for (int64_t head = 0; head < shape.heads; ++head) {
      const int64_t column = head * shape.head_dim;
      const float* queries = qkv.Row(begin) + column;
      PackKeys({queries + width, rows, shape.head_dim, qkv.stride}, workspace.zeros(),
               workspace.keys());
      PackValues({queries + 2 * width, rows, shape.head_dim, qkv.stride}, workspace.values());
      AttendHead({queries, rows, shape.head_dim, qkv.stride}, head, shape, workspace,
                 {dst.Row(begin) + column, rows, shape.head_dim, dst.stride});
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {
namespace {

constexpr int64_t kPanel = 16;
constexpr int64_t kMaxScores = 4096;  // 16 KiB, half of a first level cache

int64_t RoundUpToPanel(int64_t n) { return (n + kPanel - 1) / kPanel * kPanel; }

}  // namespace

int64_t AttentionWorkspace::QueriesPerBlock(int64_t num_keys) {
  constexpr int64_t kTileRows = 12;  // a multiple of every instruction set's tile
  const int64_t rows = kMaxScores / RoundUpToPanel(num_keys) / kTileRows * kTileRows;
  return std::clamp(rows, kTileRows, kMaxQueriesPerBlock);
}

int64_t AttentionWorkspace::KeysPerBlock(int64_t num_keys, const AttentionShape& shape) {
  if (shape.max_distance >= num_keys) return num_keys;
  return std::min(num_keys, 2 * shape.max_distance + kMaxQueriesPerBlock + kPanel);
}

void AttentionWorkspace::Reserve(int64_t max_tokens, const AttentionShape& shape) {
  const int64_t keys = RoundUpToPanel(max_tokens);
  const int64_t columns = RoundUpToPanel(shape.head_dim);
  keys_.Reserve(keys * shape.head_dim);
  values_.Reserve(columns * max_tokens);
  const int64_t keys_per_block = KeysPerBlock(max_tokens, shape);
  scores_.Reserve(
      std::max(kMaxScores, QueriesPerBlock(keys_per_block) * RoundUpToPanel(keys_per_block)));
  score_start_.Reserve(keys);
  if (zeros_.size() < columns) {
    zeros_.Reserve(columns);
    std::fill_n(zeros_.data(), columns, 0.0f);
  }
}

RelativeBias::RelativeBias(int64_t heads, int64_t max_tokens)
    : heads_(heads),
      max_tokens_(max_tokens),
      stride_(2 * max_tokens - 1 + kPanel),
      values_(heads * stride_) {
  std::fill_n(values_.data(), values_.size(), 0.0f);
}

void RelativeBias::Set(int64_t head, int64_t distance, float value) {
  VECMILL_CHECK(head >= 0 && head < heads_);
  VECMILL_CHECK(distance > -max_tokens_ && distance < max_tokens_);
  values_[head * stride_ + max_tokens_ - 1 + distance] = value;
}

HWY_EXPORT(AttendBatch);

void Attention(ConstMatrix qkv, std::span<const int64_t> offsets, const AttentionShape& shape,
               AttentionWorkspace& workspace, Matrix dst) {
  VECMILL_CHECK(qkv.cols == 3 * shape.heads * shape.head_dim && dst.cols * 3 == qkv.cols);
  VECMILL_CHECK(shape.max_distance >= 0);
  int64_t max_tokens = 0;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    max_tokens = std::max(max_tokens, offsets[i + 1] - offsets[i]);
  }
  if (shape.bias != nullptr) {
    VECMILL_CHECK(shape.bias->heads() == shape.heads && max_tokens <= shape.bias->max_tokens());
  }
  if (max_tokens == 0) return;
  workspace.Reserve(max_tokens, shape);
  HWY_DYNAMIC_DISPATCH(AttendBatch)(qkv, offsets, shape, workspace, dst);
}

}  // namespace vecmill
#endif  // HWY_ONCE

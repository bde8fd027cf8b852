// The loops around tile-inl.h. The rows of A are packed once into tiles, then all of them pass by
// one block of panels after the other. The block is read again for every tile, from the first or
// second level cache as the depth goes; the packed A streams by in order, from the second level
// cache or, for the deep products, the third. Weights come from memory once a call, a panel fetched
// while the one before it is multiplied: with 40 MiB of them in a small model they never stay in a
// cache. The depth is not cut into blocks: at 1536 and 3072 that was 1 to 2 % slower, as every
// block reads and writes C once more and ends its loop in a mispredicted branch. The nonlinearity
// runs over a whole column of panels, or else the chain of its polynomial would drain at the end
// of each tile.
//
// Rejected: oneDNN 2.6's matmul. It has no packed-weight kernel for AVX2 (it packs in every call),
// is built on OpenMP, and promises no order of summation. gemm_bench.cc shows both.
#include "ops/gemm.h"

#include <algorithm>

#include "base/check.h"
#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gemm.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/nonlinearity-inl.h"
#include "ops/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
constexpr int64_t kPackStep = 4;  // k's at once

// packed [4][kMaxTileRows] = the transpose of rows [kMaxTileRows][4]. Two rows at a time become
// pairs of 64 bits, and the pairs are interleaved.
HWY_INLINE void PackStep(const float* const* rows, int64_t k, float* packed) {
  constexpr int64_t kNumPairs = kMaxTileRows / 2;
  static_assert(kNumPairs == 4 || kNumPairs == 3 || kNumPairs == 1);
  const hn::FixedTag<float, kPackStep> d;
  const hn::FixedTag<uint64_t, kPackStep / 2> pairs;
  hn::Vec<decltype(pairs)> low[kNumPairs];   // of the first two k
  hn::Vec<decltype(pairs)> high[kNumPairs];  // of the others
  VECMILL_UNROLL
  for (int64_t i = 0; i < kNumPairs; ++i) {
    const auto even = hn::LoadU(d, rows[2 * i] + k);
    const auto odd = hn::LoadU(d, rows[2 * i + 1] + k);
    low[i] = hn::BitCast(pairs, hn::InterleaveLower(d, even, odd));
    high[i] = hn::BitCast(pairs, hn::InterleaveUpper(d, even, odd));
  }
  auto* dst = reinterpret_cast<uint64_t*>(packed);
  if constexpr (kNumPairs == 4) {
    hn::StoreInterleaved4(low[0], low[1], low[2], low[3], pairs, dst);
    hn::StoreInterleaved4(high[0], high[1], high[2], high[3], pairs, dst + 2 * kNumPairs);
  } else if constexpr (kNumPairs == 3) {
    hn::StoreInterleaved3(low[0], low[1], low[2], pairs, dst);
    hn::StoreInterleaved3(high[0], high[1], high[2], pairs, dst + 2 * kNumPairs);
  } else {
    hn::StoreU(low[0], pairs, dst);
    hn::StoreU(high[0], pairs, dst + 2 * kNumPairs);
  }
}
#else
constexpr int64_t kPackStep = 1;

void PackStep(const float* const* rows, int64_t k, float* packed) {
  for (int i = 0; i < kMaxTileRows; ++i) packed[i] = rows[i][k];
}
#endif

// packed [tiles][depth][kMaxTileRows] = the rows of a, transposed within a tile. Where a tile has
// fewer rows its last one is repeated.
void PackTiles(const GatheredRows& a, const RowTiles& tiles, float* packed) {
  for (int64_t t = 0; t < tiles.count(); ++t) {
    const float* rows[kMaxTileRows];
    for (int i = 0; i < kMaxTileRows; ++i) {
      rows[i] = a.Row(std::min(tiles.Begin(t) + i, tiles.Begin(t + 1) - 1));
    }
    int64_t k = 0;
    for (; k + kPackStep <= a.cols; k += kPackStep) PackStep(rows, k, packed + k * kMaxTileRows);
    for (; k < a.cols; ++k) {
      for (int i = 0; i < kMaxTileRows; ++i) packed[k * kMaxTileRows + i] = rows[i][k];
    }
    packed += a.cols * kMaxTileRows;
  }
}

// Panels of the weight that pass by all rows of A together.
struct PanelBlock {
  PanelBlock(const PackedMatrix& weight, int64_t n_begin)
      : n(n_begin), cols(std::min(weight.n() - n_begin, kMaxTilePanels * kLanes)) {
    // As many as a tile takes or, at the end of the matrix, one by one.
    if (cols < kMaxTilePanels * kLanes) cols = std::min(cols, kLanes);
    panels = {.data = weight.panels() + n * weight.k(),
              .rows = (cols + kLanes - 1) / kLanes,
              .cols = weight.k() * kLanes,
              .stride = weight.k() * kLanes};
    init = weight.bias() + n;
  }

  int64_t n;  // columns [n, n + cols) of C, none after the last block
  int64_t cols;
  ConstMatrix panels;  // [panels, depth * 16]
  const float* init;   // what sums start at
};

// All rows of A, packed in tiles, times one block of kPanels panels; `next` is the block that
// follows.
template <int kPanels>
void MultiplyPanels(const float* a, const RowTiles& tiles, int64_t depth, const PanelBlock& block,
                    const PanelBlock& next, Nonlinearity f, Matrix c) {
  // Every tile fetches a part of a panel of the next block, and a little of the part that follows.
  const int64_t num_parts = std::max<int64_t>(tiles.count() / kPanels, 1);
  const int64_t part_size = depth * kLanes / num_parts;
  const ConstMatrix& fetched = next.cols > 0 ? next.panels : block.panels;
  for (int64_t t = 0; t < tiles.count(); ++t) {
    const int64_t begin = tiles.Begin(t);
    const int64_t end = tiles.Begin(t + 1);
    for (int64_t i = end; t + 1 < tiles.count() && i < tiles.Begin(t + 2); ++i) {
      hwy::Prefetch(c.Row(i));
    }
    MultiplyColumns<kPanels, LayoutOfA::kPacked>(
        {.a = a + t * depth * kMaxTileRows,
         .a_stride = 0,
         .b = block.panels.data,
         .panel_stride = block.panels.stride,
         .depth = depth,
         .init = block.init,
         .c = c.Row(begin),
         .c_stride = c.stride,
         .fetch = fetched.Row(t % fetched.rows) + t / fetched.rows * part_size,
         .fetch_step = kPackedUnroll * (kLanes / num_parts + 1)},
        end - begin, c.cols);
  }
  ApplyToMatrix(f, c);
}

void MultiplyMatrix(const GatheredRows& a, const PackedMatrix& weight, Nonlinearity f,
                    GemmWorkspace& workspace, Matrix c) {
  const RowTiles tiles(a.rows);
  float* packed = workspace.Reserve(tiles.count() * kMaxTileRows * a.cols);
  PackTiles(a, tiles, packed);
  PanelBlock block(weight, 0);
  while (block.cols > 0) {
    const PanelBlock next(weight, block.n + block.cols);
    const Matrix columns{c.data + block.n, c.rows, block.cols, c.stride};
    if (block.panels.rows == kMaxTilePanels) {
      MultiplyPanels<kMaxTilePanels>(packed, tiles, a.cols, block, next, f, columns);
    } else {
      MultiplyPanels<1>(packed, tiles, a.cols, block, next, f, columns);
    }
    block = next;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(MultiplyMatrix);

float* GemmWorkspace::Reserve(int64_t size) {
  packed_.Reserve(size);
  return packed_.data();
}

void Gemm(ConstMatrix a, const PackedMatrix& weight, Nonlinearity f, GemmWorkspace& workspace,
          Matrix c) {
  GemmGathered({.data = a.data, .rows = a.rows, .cols = a.cols, .stride = a.stride}, weight, f,
               workspace, c);
}

void GemmGathered(const GatheredRows& a, const PackedMatrix& weight, Nonlinearity f,
                  GemmWorkspace& workspace, Matrix c) {
  VECMILL_CHECK(a.rows == c.rows && a.cols == weight.k() && c.cols == weight.n());
  if (a.rows == 0) return;
  HWY_DYNAMIC_DISPATCH(MultiplyMatrix)(a, weight, f, workspace, c);
}

}  // namespace vecmill
#endif  // HWY_ONCE

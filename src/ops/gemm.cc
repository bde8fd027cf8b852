// The loops around tile-inl.h. The depth is cut into blocks; a block of a panel (24 KiB) stays in
// the first level cache while all rows of A pass by it, and the block of A, at most 384 KiB for the
// 256 tokens this engine puts in a batch, stays in the second level cache while all panels pass by.
// Weights come from memory once a call, each panel fetched while the one before it is multiplied:
// with 40 MiB of them in a small model they never stay in a cache. Fewer, deeper blocks are better
// as long as they fit: the loop over k ends in a mispredicted branch, 1 % of a tile of depth 384
// and 2 % of one of 192.
//
// Rejected: oneDNN 2.6's matmul. It has no packed-weight kernel for AVX2 (it packs in every call),
// is built on OpenMP, and promises no order of summation. gemm_bench.cc shows both.
#include "ops/gemm.h"

#include <algorithm>

#include "base/check.h"
#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gemm.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/nonlinearity-inl.h"
#include "ops/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

constexpr int64_t kMaxBlockDepth = 384 / kMaxTilePanels;

// Fetch part `part` of `num_parts` of a block of panels [panels, depth * 16] into the first level
// cache.
HWY_INLINE void PrefetchPart(ConstMatrix panels, int64_t part, int64_t num_parts) {
  const int64_t depth = panels.cols / kLanes;
  for (int64_t i = 0; i < panels.rows; ++i) {
    for (int64_t k = part * depth / num_parts; k < (part + 1) * depth / num_parts; ++k) {
      hwy::Prefetch(panels.Row(i) + k * kLanes);
    }
  }
}

// All rows of A times one block of kPanels panels, into the columns `c` of C; `next` is the block
// of panels that follows.
template <int kPanels>
void MultiplyPanels(Tile tile, Matrix c, Nonlinearity f, ConstMatrix next) {
  const RowTiles tiles(c.rows);
  const float* a = tile.a;
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t begin = tiles.Begin(t);
    const int64_t rows = tiles.Begin(t + 1) - begin;
    tile.a = a + begin * tile.a_stride;
    tile.c = c.Row(begin);
    PrefetchPart(next, t, tiles.count);
    MultiplyColumns<kPanels>(tile, rows, c.cols);
    ApplyToMatrix(f, {.data = tile.c, .rows = rows, .cols = c.cols, .stride = c.stride});
  }
}

// Panels to take together where `cols` columns are left: as many as a tile has or, at the end, one.
HWY_INLINE int64_t PanelsOf(int64_t cols) {
  if (cols >= kMaxTilePanels * kLanes) return kMaxTilePanels;
  return cols > 0 ? 1 : 0;
}

// The block of panels from column n and from `k_begin` to k_end of the depth.
HWY_INLINE ConstMatrix PanelsAt(const PackedMatrix& weight, int64_t n, int64_t k_begin,
                                int64_t k_end) {
  return {.data = weight.panels() + n * weight.k() + k_begin * kLanes,
          .rows = PanelsOf(weight.n() - n),
          .cols = (k_end - k_begin) * kLanes,
          .stride = weight.k() * kLanes};
}

void MultiplyMatrix(ConstMatrix a, const PackedMatrix& weight, Nonlinearity f, Matrix c) {
  const int64_t num_blocks = (weight.k() + kMaxBlockDepth - 1) / kMaxBlockDepth;
  for (int64_t block = 0; block < num_blocks; ++block) {
    const int64_t k_begin = block * weight.k() / num_blocks;
    const int64_t k_end = (block + 1) * weight.k() / num_blocks;
    const Nonlinearity block_f = k_end == weight.k() ? f : Nonlinearity::kNone;
    for (int64_t n = 0; n < c.cols;) {
      const ConstMatrix panels = PanelsAt(weight, n, k_begin, k_end);
      const int64_t cols = std::min(panels.rows * kLanes, c.cols - n);
      const ConstMatrix next = PanelsAt(weight, n + cols, k_begin, k_end);
      const Tile tile{.a = a.data + k_begin,
                      .a_stride = a.stride,
                      .b = panels.data,
                      .panel_stride = panels.stride,
                      .depth = k_end - k_begin,
                      .init = block == 0 ? weight.bias() + n : nullptr,
                      .c = nullptr,
                      .c_stride = c.stride};
      const Matrix columns{.data = c.data + n, .rows = c.rows, .cols = cols, .stride = c.stride};
      if (panels.rows == kMaxTilePanels) {
        MultiplyPanels<kMaxTilePanels>(tile, columns, block_f, next);
      } else {
        MultiplyPanels<1>(tile, columns, block_f, next);
      }
      n += cols;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(MultiplyMatrix);

void Gemm(ConstMatrix a, const PackedMatrix& weight, Nonlinearity f, Matrix c) {
  VECMILL_CHECK(a.rows == c.rows && a.cols == weight.k() && c.cols == weight.n());
  HWY_DYNAMIC_DISPATCH(MultiplyMatrix)(a, weight, f, c);
}

}  // namespace vecmill
#endif  // HWY_ONCE

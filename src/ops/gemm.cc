// The loops around tile-inl.h. While all rows of A pass by a block of panels (24 KiB of a panel at
// depth 384), it stays in the first level cache, or streams from the second; the block of A, at
// most 384 KiB for the 256 tokens this engine puts in a batch, stays in the second level cache
// while all panels pass by. Weights come from memory once a call, a panel fetched while the one
// before it is multiplied: with 40 MiB of them in a small model they never stay in a cache. Blocks
// of the depth deeper than what fits the first level cache are the better ones (5 % at depth 1536):
// the loop over k ends in a mispredicted branch, and every further block reads and writes C once
// more. The nonlinearity runs over a whole column of panels, or else the chain of its polynomial
// would drain at the end of each tile.
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

constexpr int64_t kMaxBlockDepth = 768 / kMaxTilePanels;

// Fetch rows [begin, end) of C, and of A the two lines from which the hardware's prefetcher goes
// on.
HWY_INLINE void PrefetchRows(ConstMatrix a, Matrix c, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    hwy::Prefetch(a.Row(i));
    hwy::Prefetch(a.Row(i) + kLanes);
    hwy::Prefetch(c.Row(i));
  }
}

// Panels of the weight that pass by all rows of A together, from k_begin to k_end of the depth.
struct PanelBlock {
  PanelBlock(const PackedMatrix& weight, int64_t n_begin, int64_t k_begin, int64_t k_end)
      : n(n_begin), cols(std::min(weight.n() - n_begin, kMaxTilePanels * kLanes)) {
    // As many as a tile takes or, at the end of the matrix, one by one.
    if (cols < kMaxTilePanels * kLanes) cols = std::min(cols, kLanes);
    panels = {.data = weight.panels() + n * weight.k() + k_begin * kLanes,
              .rows = (cols + kLanes - 1) / kLanes,
              .cols = (k_end - k_begin) * kLanes,
              .stride = weight.k() * kLanes};
    if (k_begin == 0) init = weight.bias() + n;
  }

  int64_t n;  // columns [n, n + cols) of C, none after the last block
  int64_t cols;
  ConstMatrix panels;           // [panels, depth * 16]
  const float* init = nullptr;  // what sums start at; nullptr: what C holds
};

// All rows of A times one block of kPanels panels; `next` is the block that follows.
template <int kPanels>
void MultiplyPanels(ConstMatrix a, const PanelBlock& block, const PanelBlock& next, Nonlinearity f,
                    Matrix c) {
  const RowTiles tiles(c.rows);
  // Every tile fetches a part of a panel of the next block, and a little of the part that follows.
  const int64_t num_parts = std::max<int64_t>(tiles.count() / kPanels, 1);
  const int64_t part_size = a.cols * kLanes / num_parts;
  const ConstMatrix& fetched = next.cols > 0 ? next.panels : block.panels;
  for (int64_t t = 0; t < tiles.count(); ++t) {
    const int64_t begin = tiles.Begin(t);
    const int64_t rows = tiles.Begin(t + 1) - begin;
    if (t + 1 < tiles.count()) PrefetchRows(a, c, begin + rows, tiles.Begin(t + 2));
    MultiplyColumns<kPanels>({.a = a.Row(begin),
                              .a_stride = a.stride,
                              .b = block.panels.data,
                              .panel_stride = block.panels.stride,
                              .depth = a.cols,
                              .init = block.init,
                              .c = c.Row(begin),
                              .c_stride = c.stride,
                              .fetch = fetched.Row(t % fetched.rows) + t / fetched.rows * part_size,
                              .fetch_step = kLanes / num_parts + 1},
                             rows, c.cols);
  }
  ApplyToMatrix(f, c);
}

void MultiplyMatrix(ConstMatrix a, const PackedMatrix& weight, Nonlinearity f, Matrix c) {
  const int64_t num_blocks = (weight.k() + kMaxBlockDepth - 1) / kMaxBlockDepth;
  for (int64_t i = 0; i < num_blocks; ++i) {
    const int64_t k_begin = i * weight.k() / num_blocks;
    const int64_t k_end = (i + 1) * weight.k() / num_blocks;
    const ConstMatrix depth_block{a.data + k_begin, a.rows, k_end - k_begin, a.stride};
    const Nonlinearity block_f = i + 1 == num_blocks ? f : Nonlinearity::kNone;
    PanelBlock block(weight, 0, k_begin, k_end);
    while (block.cols > 0) {
      const PanelBlock next(weight, block.n + block.cols, k_begin, k_end);
      const Matrix columns{c.data + block.n, c.rows, block.cols, c.stride};
      if (block.panels.rows == kMaxTilePanels) {
        MultiplyPanels<kMaxTilePanels>(depth_block, block, next, block_f, columns);
      } else {
        MultiplyPanels<1>(depth_block, block, next, block_f, columns);
      }
      block = next;
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

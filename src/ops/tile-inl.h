// ops/tile-inl.h: the inner kernel of every matrix product: a tile of C held in registers.
//
//   c[i, j] = init_j + sum over k of a[i, k] * b[k, j], k ascending, one fused multiply-add each
//
// for up to kMaxTileRows rows and kMaxTilePanels panels. A panel is sixteen columns of B, stored
// [depth][16], so that one k of one panel is one cache line. An element of C is one chain of fused
// multiply-adds however the tiles lie and wherever the depth is cut, which makes its bits a
// function of its row of A and its column of B alone.
//
// The tile sizes fill the registers. AVX2 has 16: 6 x 2 sums, 2 of B, 1 of A. AVX-512 and NEON have
// 32: 8 x 3 sums, 3 of B; 6 x 4 sums, 4 of B. The portable targets take what fits 16 registers of
// 128 bits.
//
// A lies in rows, or packed for the tile: [depth][kMaxTileRows]. Packed, one pointer serves all
// rows and the loop over k can be unrolled: 20.7 instructions for 12 multiply-adds instead of 25,
// which is 6 % on a core of its own and 15 % on one shared with another hardware thread. By rows it
// is not unrolled: GCC then orders loads of several steps so that sums are spilled.
#if defined(VECMILL_OPS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef VECMILL_OPS_TILE_INL_H_
#undef VECMILL_OPS_TILE_INL_H_
#else
#define VECMILL_OPS_TILE_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "hwy/cache_control.h"
#include "ops/lanes-inl.h"
#include "ops/matrix_view.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

#if HWY_TARGET <= HWY_AVX3
constexpr int kMaxTileRows = 8;
constexpr int kMaxTilePanels = 3;
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_NEON
constexpr int kMaxTileRows = 6;
constexpr int kMaxTilePanels = 1;
#else
constexpr int kMaxTileRows = 2;
constexpr int kMaxTilePanels = 1;
#endif

enum class LayoutOfA { kRows, kPacked };

struct Tile {
  const float* a;    // [rows, depth], row stride a_stride; packed: [depth][kMaxTileRows]
  int64_t a_stride;  // of no meaning when packed
  const float* b;    // panels of [depth][16], panel_stride floats apart
  int64_t panel_stride;
  int64_t depth;
  const float* init;  // [panels * 16], the start of every row's sums
  float* c;           // [rows, panels * 16], row stride c_stride
  int64_t c_stride;
  // What to bring into the first level cache meanwhile, where A is packed: at every fourth k the
  // line at fetch, then fetch_step floats further. Spread like this it costs nothing; a burst would
  // wait for memory.
  const float* fetch = nullptr;
  int64_t fetch_step = 0;
};

constexpr int64_t kPackedUnroll = 4;

template <int kRows, int kPanels, LayoutOfA kLayout>
void MultiplyTile(const Tile& tile) {
  const VecTag d;
  constexpr int kColumnVecs = kPanels * kVecs;
  Vec sum[kRows][kColumnVecs];
  VECMILL_UNROLL
  for (int i = 0; i < kRows; ++i) {
    VECMILL_UNROLL
    for (int j = 0; j < kColumnVecs; ++j) sum[i][j] = hn::LoadU(d, tile.init + j * kVecLanes);
  }
  const float* HWY_RESTRICT a = tile.a;
  const float* HWY_RESTRICT b = tile.b;
  const int64_t a_stride = tile.a_stride;
  const int64_t panel_stride = tile.panel_stride;
  // The step of a and b by `ahead` times k.
  const auto multiply = [&](int64_t ahead) HWY_ATTR {
    Vec column[kColumnVecs];
    VECMILL_UNROLL
    for (int j = 0; j < kColumnVecs; ++j) {
      column[j] =
          hn::Load(d, b + ahead * kLanes + (j / kVecs) * panel_stride + (j % kVecs) * kVecLanes);
    }
    VECMILL_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const Vec row = hn::Set(
          d, kLayout == LayoutOfA::kPacked ? a[ahead * kMaxTileRows + i] : a[i * a_stride + ahead]);
      VECMILL_UNROLL
      for (int j = 0; j < kColumnVecs; ++j) sum[i][j] = hn::MulAdd(row, column[j], sum[i][j]);
    }
  };
  constexpr int64_t kStepOfA = kLayout == LayoutOfA::kPacked ? kMaxTileRows : 1;
  int64_t k = 0;
  if constexpr (kLayout == LayoutOfA::kPacked) {
    const float* fetch = tile.fetch;
    for (; k + kPackedUnroll <= tile.depth; k += kPackedUnroll) {
      hwy::Prefetch(fetch);
      fetch += tile.fetch_step;
      VECMILL_UNROLL
      for (int64_t ahead = 0; ahead < kPackedUnroll; ++ahead) multiply(ahead);
      a += kPackedUnroll * kStepOfA;
      b += kPackedUnroll * kLanes;
    }
  }
  for (; k < tile.depth; ++k) {
    multiply(0);
    a += kStepOfA;
    b += kLanes;
  }
  float* HWY_RESTRICT c = tile.c;
  VECMILL_UNROLL
  for (int i = 0; i < kRows; ++i) {
    VECMILL_UNROLL
    for (int j = 0; j < kColumnVecs; ++j) {
      hn::StoreU(sum[i][j], d, c + i * tile.c_stride + j * kVecLanes);
    }
  }
}

using TileKernel = void (*)(const Tile&);

template <int kPanels, LayoutOfA kLayout, int... kRowsMinus1>
constexpr std::array<TileKernel, sizeof...(kRowsMinus1)> MakeTileKernels(
    std::integer_sequence<int, kRowsMinus1...>) {
  return {&MultiplyTile<kRowsMinus1 + 1, kPanels, kLayout>...};
}

// The kernel for `rows` in [1, kMaxTileRows] and kPanels panels.
template <int kPanels, LayoutOfA kLayout>
TileKernel TileKernelFor(int64_t rows) {
  static constexpr auto kKernels =
      MakeTileKernels<kPanels, kLayout>(std::make_integer_sequence<int, kMaxTileRows>());
  return kKernels[static_cast<size_t>(rows - 1)];
}

// Less than a panel, the last of a matrix: by way of a whole tile.
template <LayoutOfA kLayout>
HWY_NOINLINE void MultiplyPartPanel(Tile tile, int64_t rows, int64_t cols) {
  HWY_ALIGN float whole[kMaxTileRows * kLanes];
  const Matrix part{.data = tile.c, .rows = rows, .cols = cols, .stride = tile.c_stride};
  tile.c = whole;
  tile.c_stride = kLanes;
  TileKernelFor<1, kLayout>(rows)(tile);
  for (int64_t i = 0; i < rows; ++i) std::copy_n(whole + i * kLanes, cols, part.Row(i));
}

// The first `cols` columns of kPanels panels, for `rows` in [1, kMaxTileRows].
// REQUIRES: cols == kPanels * 16, or kPanels == 1 and cols < 16.
template <int kPanels, LayoutOfA kLayout>
HWY_INLINE void MultiplyColumns(const Tile& tile, int64_t rows, int64_t cols) {
  if (HWY_LIKELY(cols == kPanels * kLanes)) {
    TileKernelFor<kPanels, kLayout>(rows)(tile);
  } else {
    MultiplyPartPanel<kLayout>(tile, rows, cols);
  }
}

// Rows cut into tiles of nearly equal height, so that no tile is too low to fill the pipelines.
class RowTiles {
 public:
  explicit RowTiles(int64_t rows)
      : count_((rows + kMaxTileRows - 1) / kMaxTileRows),
        height_(rows / std::max<int64_t>(count_, 1)),
        num_higher_(rows - height_ * count_) {}

  int64_t count() const { return count_; }
  int64_t Begin(int64_t tile) const { return tile * height_ + std::min(tile, num_higher_); }

 private:
  int64_t count_;
  int64_t height_;
  int64_t num_higher_;  // tiles that have a row more, the first ones
};

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#endif  // VECMILL_OPS_TILE_INL_H_

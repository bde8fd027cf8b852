// ops/highway_targets.h: the instruction sets the kernels are compiled for. Include it before
// Highway.
//
// Kept are AVX-512 (AVX3), AVX2 with FMA, SSE4, NEON and the baseline of the compiler. Left out is
// what would only add compile time (SSSE3, AVX3_DL: no instruction of theirs is used) and registers
// of unknown length (SVE, RVV), which cannot hold the fixed tiles of tile-inl.h.
#pragma once

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

// base/checksum.h: a fast 64-bit checksum, to find damage.
//
//   eight lanes, lane i of which begins at p + i; word j of the bytes, zeros filled up to whole
//   words, goes into lane j mod 8: x = (lane ^ word) * p; lane = (x ^ (x >> 32)) * p
//   checksum = that rule on the lanes 0 to 7 and then the number of bytes, beginning at p
//
// with p = 0x9e3779b97f4a7c15, 2^64 over the golden ratio, words of eight bytes little-endian. The
// rule maps different words to different lanes and different lanes to different lanes, so a change
// within one word is always found. Whoever means to can change bytes and keep the sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vecmill {

uint64_t Checksum64(std::span<const std::byte> bytes);

}  // namespace vecmill

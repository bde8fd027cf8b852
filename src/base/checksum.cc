// Multiplications have a latency of three or four cycles and one begins every cycle: eight chains
// at once take about as long as reading the bytes from memory.
#include "base/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vecmill {
namespace {

constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;
constexpr size_t kLanes = 8;
constexpr size_t kBlockBytes = kLanes * sizeof(uint64_t);

// One multiplication would leave a change of the highest bit a change of one bit, which the next
// word could undo.
uint64_t Mix(uint64_t state, uint64_t word) {
  const uint64_t x = (state ^ word) * kMultiplier;
  return (x ^ (x >> 32)) * kMultiplier;
}

}  // namespace

uint64_t Checksum64(std::span<const std::byte> bytes) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = kMultiplier + i;
  const size_t num_bytes = bytes.size();
  for (; bytes.size() >= kBlockBytes; bytes = bytes.subspan(kBlockBytes)) {
    for (size_t i = 0; i < kLanes; ++i) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
      lanes[i] = Mix(lanes[i], word);
    }
  }
  for (size_t i = 0; !bytes.empty(); ++i) {
    uint64_t word = 0;
    const size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    lanes[i] = Mix(lanes[i], word);
    bytes = bytes.subspan(size);
  }
  uint64_t sum = kMultiplier;
  for (const uint64_t lane : lanes) sum = Mix(sum, lane);
  return Mix(sum, num_bytes);
}

}  // namespace vecmill

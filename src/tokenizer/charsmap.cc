#include "tokenizer/charsmap.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/unicode.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Those in use have some 60,000 units. The check looks at 255 places for each.
constexpr size_t kMaxUnits = 1 << 20;
constexpr size_t kMaxResultBytes = 256;

uint32_t Label(uint32_t unit) { return unit & (uint32_t{1} << 31 | 0xFF); }
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & (1 << 9)) >> 6); }
uint32_t Value(uint32_t unit) { return unit & ~(uint32_t{1} << 31); }

uint32_t ReadUint32(std::string_view bytes, size_t pos) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[pos + i]);
  return value;
}

}  // namespace

Charsmap::Charsmap(std::string_view blob, const std::string& where) {
  constexpr size_t kUnitBytes = 4;
  size_t trie_bytes = blob.size() < kUnitBytes ? 0 : ReadUint32(blob, 0);
  if (trie_bytes == 0 || trie_bytes % kUnitBytes != 0 || trie_bytes > blob.size() - kUnitBytes) {
    throw Error(ErrorCode::kCorrupt, where + ": found a trie of " + std::to_string(trie_bytes) +
                                         " bytes in " + std::to_string(blob.size()) +
                                         ", expected a multiple of 4 that fits");
  }
  if (trie_bytes / kUnitBytes > kMaxUnits) {
    throw Error(ErrorCode::kUnsupported, where + ": found a trie of " + std::to_string(trie_bytes) +
                                             " bytes, expected at most " +
                                             std::to_string(kMaxUnits * kUnitBytes));
  }
  units_.resize(trie_bytes / kUnitBytes);
  for (size_t i = 0; i < units_.size(); ++i) {
    units_[i] = ReadUint32(blob, kUnitBytes * (i + 1));
  }
  results_ = blob.substr(kUnitBytes + trie_bytes);
  if (!IsValidUtf8(results_)) throw Error(ErrorCode::kCorrupt, where + ": results are not UTF-8");
  CheckAll(where);
}

// Visits every unit that can be reached, each once: units may be shared, and a circle of them does
// no harm since a search goes no farther than its text.
void Charsmap::CheckAll(const std::string& where) const {
  auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::kCorrupt, where + ": " + what);
  };
  std::vector<bool> seen(units_.size());
  std::vector<uint32_t> open{0};
  seen[0] = true;
  while (!open.empty()) {
    uint32_t pos = open.back();
    open.pop_back();
    uint32_t base = pos ^ Offset(units_[pos]);
    // Positions that differ in the last byte alone: in range together.
    if ((base | 0xFF) >= units_.size()) {
      refuse("unit " + std::to_string(pos) + " leads to " + std::to_string(base) + " of " +
             std::to_string(units_.size()));
    }
    if (pos != 0 && HasLeaf(units_[pos])) {
      uint32_t begin = Value(units_[base]);
      if (begin > results_.size() ||
          (begin < results_.size() && IsUtf8Continuation(results_[begin]))) {
        refuse("unit " + std::to_string(base) + " has a result at byte " + std::to_string(begin) +
               " of " + std::to_string(results_.size()));
      }
      if (ResultAt(begin).size() > kMaxResultBytes) {
        refuse("unit " + std::to_string(base) + " has a result of more than " +
               std::to_string(kMaxResultBytes) + " bytes");
      }
    }
    for (uint32_t byte = 1; byte < 256; ++byte) {
      uint32_t next = base ^ byte;
      if (Label(units_[next]) != byte || seen[next]) continue;
      seen[next] = true;
      open.push_back(next);
    }
  }
}

std::string_view Charsmap::ResultAt(uint32_t offset) const {
  std::string_view rest = std::string_view(results_).substr(offset);
  return rest.substr(0, rest.find('\0'));
}

std::optional<std::string_view> Charsmap::Find(std::string_view text) const {
  uint32_t pos = Offset(units_[0]);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == 0) break;
    pos ^= byte;
    uint32_t unit = units_[pos];
    if (Label(unit) != byte) break;
    pos ^= Offset(unit);
    if (HasLeaf(unit)) return ResultAt(Value(units_[pos]));
  }
  return std::nullopt;
}

}  // namespace vecmill

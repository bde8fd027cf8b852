#include "tokenizer/piece_table.h"

#include <algorithm>
#include <bit>

namespace vecmill {
namespace {

// Odd, so that no byte's share vanishes; else arbitrary.
constexpr uint64_t kBase = 0x9E3779B97F4A7C15;

uint64_t Extend(uint64_t hash, char byte) {
  return hash * kBase + static_cast<unsigned char>(byte) + 1;
}

// Low bits of the sums above depend on low bits of bytes alone: spread all bits over all bits.
// The finalizer of SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195), shortened.
uint64_t Mix(uint64_t hash) {
  hash = (hash ^ hash >> 32) * 0xBF58476D1CE4E5B9;
  return hash ^ hash >> 29;
}

uint32_t TagOf(uint64_t mixed) { return static_cast<uint32_t>(mixed >> 32); }

constexpr size_t kFilterBitsPerPiece = 8;

struct FilterBit {
  size_t word;
  uint64_t mask;
};

// By the high bits, the low ones choose the slot.
FilterBit FilterBitOf(uint64_t mixed, size_t num_words) {
  return {mixed >> 40 & (num_words - 1), uint64_t{1} << (mixed >> 34 & 63)};
}

}  // namespace

void SubstringHashes::Reset(std::string_view word) {
  size_t needed = word.size() + 1;
  if (powers_.empty()) powers_.push_back(1);
  while (powers_.size() < needed) powers_.push_back(powers_.back() * kBase);
  if (prefix_.size() < needed) prefix_.resize(needed);
  uint64_t hash = 0;
  prefix_[0] = 0;
  for (size_t i = 0; i < word.size(); ++i) prefix_[i + 1] = hash = Extend(hash, word[i]);
}

uint64_t PieceHash(std::string_view piece) {
  uint64_t hash = 0;
  for (char byte : piece) hash = Extend(hash, byte);
  return hash;
}

PieceTable::PieceTable(const std::vector<Piece>& pieces)
    : slots_(std::bit_ceil(std::max<size_t>(2 * pieces.size(), 16))),
      filter_(std::bit_ceil(std::max<size_t>(kFilterBitsPerPiece * pieces.size() / 64, 1))) {
  for (const Piece& piece : pieces) {
    uint64_t mixed = Mix(PieceHash(piece.text));
    size_t i = mixed & (slots_.size() - 1);
    while (slots_[i].id != kNone) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = {.tag = TagOf(mixed),
                 .id = piece.id,
                 .text_begin = static_cast<uint32_t>(texts_.size()),
                 .text_size = static_cast<uint32_t>(piece.text.size())};
    texts_ += piece.text;
    FilterBit bit = FilterBitOf(mixed, filter_.size());
    filter_[bit.word] |= bit.mask;
    max_piece_bytes_ = std::max(max_piece_bytes_, static_cast<int64_t>(piece.text.size()));
  }
}

int32_t PieceTable::Find(std::string_view piece, uint64_t hash) const {
  uint64_t mixed = Mix(hash);
  FilterBit bit = FilterBitOf(mixed, filter_.size());
  if ((filter_[bit.word] & bit.mask) == 0) return kNone;
  uint32_t tag = TagOf(mixed);
  for (size_t i = mixed & (slots_.size() - 1); slots_[i].id != kNone;
       i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.tag == tag && slot.text_size == piece.size() &&
        std::string_view(texts_).substr(slot.text_begin, slot.text_size) == piece) {
      return slot.id;
    }
  }
  return kNone;
}

}  // namespace vecmill

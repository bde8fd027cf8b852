// tokenizer/byte_trie.h: all strings of a vocabulary that a text begins with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/piece_table.h"

namespace vecmill {

// Nodes in order of depth, so that the children of one stand side by side, by their bytes.
// Threads: constant after construction.
class ByteTrie {
 public:
  // Texts are borrowed for the constructor only; of two that are the same the later counts; an
  // empty one is never found. REQUIRES: less than 2^32 bytes of text.
  explicit ByteTrie(std::vector<PieceTable::Piece> pieces);

  // Call fn(num_bytes, id) for each string that text[begin, ...) begins with, the shortest first.
  template <typename Fn>
  void ForEachPrefix(std::string_view text, size_t begin, const Fn& fn) const {
    uint32_t node = roots_[static_cast<unsigned char>(text[begin])];
    for (size_t pos = begin + 1; node != 0; ++pos) {
      if (ids_[node] != PieceTable::kNone) fn(pos - begin, ids_[node]);
      if (pos == text.size()) return;
      node = Child(node, static_cast<uint8_t>(text[pos]));
    }
  }

 private:
  uint32_t Child(uint32_t node, uint8_t byte) const;

  std::array<uint32_t, 256> roots_{};  // children of the root, which is node 0; 0 for none
  std::vector<uint8_t> bytes_;         // that lead to each node
  std::vector<int32_t> ids_;
  std::vector<uint32_t> children_;  // first child; the next node's is the end
};

}  // namespace vecmill

#include "tokenizer/byte_trie.h"

#include <algorithm>

namespace vecmill {

ByteTrie::ByteTrie(std::vector<PieceTable::Piece> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.text < b.text; });
  // pieces[begin, end) are those below a node, and begin with the bytes that lead there.
  struct Range {
    size_t begin;
    size_t end;
  };
  std::vector<Range> level{{0, pieces.size()}};
  bytes_.push_back(0);
  ids_.push_back(PieceTable::kNone);
  for (size_t depth = 0; !level.empty(); ++depth) {
    std::vector<Range> next_level;
    for (Range range : level) {
      children_.push_back(static_cast<uint32_t>(bytes_.size()));
      size_t i = range.begin;
      while (i < range.end && pieces[i].text.size() == depth) ++i;
      while (i < range.end) {
        char byte = pieces[i].text[depth];
        Range child{i, i};
        int32_t id = PieceTable::kNone;
        while (child.end < range.end && pieces[child.end].text[depth] == byte) {
          if (pieces[child.end].text.size() == depth + 1) id = pieces[child.end].id;
          ++child.end;
        }
        i = child.end;
        bytes_.push_back(static_cast<uint8_t>(byte));
        ids_.push_back(id);
        next_level.push_back(child);
      }
    }
    level = std::move(next_level);
  }
  children_.push_back(static_cast<uint32_t>(bytes_.size()));
  for (uint32_t node = children_[0]; node < children_[1]; ++node) roots_[bytes_[node]] = node;
}

uint32_t ByteTrie::Child(uint32_t node, uint8_t byte) const {
  const uint8_t* begin = bytes_.data() + children_[node];
  const uint8_t* end = bytes_.data() + children_[node + 1];
  const uint8_t* found = std::lower_bound(begin, end, byte);
  return found == end || *found != byte ? 0 : static_cast<uint32_t>(found - bytes_.data());
}

}  // namespace vecmill

// tokenizer/charsmap.h: the table of a Precompiled normalizer: what strings become.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// A blob of SentencePiece: a little-endian uint32 with the size of a trie in bytes, the trie, and
// the results, each ended by a zero byte. The trie is an array of units of 32 bits; from the unit
// at position p the byte b leads to position p ^ offset(p) ^ b, if the label there is b. Source:
// Aoe 1989, doi:10.1109/32.31365 (double arrays); the layout of the bits is that of the
//          Darts-clone library: label 0-7, leaf 8, offset 10-31, shifted by 8 more if bit 9 is set.
// Threads: constant after construction.
class Charsmap {
 public:
  // `blob` is decoded from base64. Every position that a byte can lead to and every result is
  // checked. `where` names it. Errors: kUnsupported, kCorrupt.
  Charsmap(std::string_view blob, const std::string& where);

  // What the shortest prefix of `text` that the table has becomes, whatever comes behind the
  // prefix; nothing if it has none. A zero byte ends the search.
  std::optional<std::string_view> Find(std::string_view text) const;

 private:
  std::string_view ResultAt(uint32_t offset) const;
  void CheckAll(const std::string& where) const;

  std::vector<uint32_t> units_;
  std::string results_;
};

}  // namespace vecmill

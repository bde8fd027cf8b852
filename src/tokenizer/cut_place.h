// tokenizer/cut_place.h: where a text can be cut so that its halves may be encoded one by one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vecmill {

// A cut place is before a space (U+0020) that stands alone between two plain characters. Plain are
// letters and digits of some large scripts that no normal form removes, parts with a space or,
// being ideographs, surrounds with spaces. Each stage of a tokenizer says whether it keeps such
// places.
struct CodePointRange {
  char32_t first;
  char32_t last;
};
std::span<const CodePointRange> PlainCharacters();

// The last cut place of `text` at `from` or behind it; -1 if there is none.
int64_t LastCutPlace(std::string_view text, int64_t from);

}  // namespace vecmill

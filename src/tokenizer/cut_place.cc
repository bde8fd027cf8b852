#include "tokenizer/cut_place.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace vecmill {
namespace {

constexpr CodePointRange kPlain[] = {
    {U'0', U'9'},     {U'A', U'Z'},     {U'a', U'z'},
    {0x0391, 0x03A1}, {0x03A3, 0x03A9}, {0x03B1, 0x03C9},  // Greek
    {0x0410, 0x044F},                                      // Cyrillic
    {0x05D0, 0x05EA},                                      // Hebrew
    {0x0627, 0x063A}, {0x0641, 0x064A},                    // Arabic
    {0x0905, 0x0939},                                      // Devanagari
    {0x3041, 0x3094}, {0x30A1, 0x30FA},                    // Hiragana, Katakana
    {0xAC00, 0xD7A3},                                      // Hangul
};

bool IsPlain(char32_t c) {
  return std::any_of(std::begin(kPlain), std::end(kPlain),
                     [c](CodePointRange range) { return c >= range.first && c <= range.last; });
}

}  // namespace

std::span<const CodePointRange> PlainCharacters() { return kPlain; }

int64_t LastCutPlace(std::string_view text, int64_t from) {
  int64_t size = static_cast<int64_t>(text.size());
  for (int64_t pos = size - 2; pos >= std::max<int64_t>(from, 1); --pos) {
    if (text[static_cast<size_t>(pos)] != ' ') continue;
    if (IsPlain(DecodeUtf8(text, pos + 1).value) &&
        IsPlain(DecodeUtf8(text, PreviousUtf8(text, pos)).value)) {
      return pos;
    }
  }
  return -1;
}

}  // namespace vecmill

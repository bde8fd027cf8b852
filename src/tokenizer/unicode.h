// tokenizer/unicode.h: UTF-8 by code points, and what the tokenizers wheel knows of each code
// point.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/unicode_tables.h"

namespace vecmill {

// Bits of CodePoints::Properties. Exactly what each means to the wheel:
// tools/make_unicode_tables.py.
enum CodePointProperty : uint16_t {
  kIsWhiteSpace = 1,
  kIsPunctuation = 2,
  kIsControl = 4,
  kIsIdeograph = 8,
  kIsMark = 16,       // nonspacing: an accent
  kIsReordered = 32,  // canonical combining class is not zero
  kDecomposes = 64,   // stripping accents leaves something else, but not nothing
  kLowers = 128,
  kIsWord = 256,
  kIsCombining = 512,  // any mark: what StripAccents removes
  kIsNumeric = 1024,   // to Digits
  kIsLetter = 2048,    // \p{L} and
  kIsNumber = 4096,    // \p{N} of regular expressions
};

// The tables of code points, 2 MiB. Constant, one for the whole process.
class CodePoints {
 public:
  using Sequence = unicode_tables::Sequence;

  // Built by the first call, in about a millisecond. Thread-safe.
  static const CodePoints& Get();

  // REQUIRES of all: c <= U+10FFFF.
  uint16_t Properties(char32_t c) const { return properties_[c]; }

  // What stripping accents leaves of c: up to three code points, then zeros. REQUIRES: kDecomposes.
  Sequence Stripped(char32_t c) const;

  // Lower case of c alone, up to two code points, then zeros. REQUIRES: kLowers.
  Sequence Lower(char32_t c) const;

  // REQUIRES: kIsReordered and not kIsMark.
  int32_t CombiningClass(char32_t c) const;

 private:
  struct TargetRun {
    char32_t first;      // of consecutive code points that decompose
    int64_t target_idx;  // of the first
  };

  CodePoints();
  void Mark(unicode_tables::SetChanges set, CodePointProperty property);

  std::vector<uint16_t> properties_;
  std::vector<TargetRun> target_runs_;
};

struct DecodedCodePoint {
  char32_t value;
  int64_t num_bytes;
};

// The code point at text[pos]. REQUIRES: pos < text.size(). On bytes that are not UTF-8: U+FFFD for
// one byte, so that callers stay within `text` and within Unicode whatever they are given.
inline DecodedCodePoint DecodeUtf8(std::string_view text, int64_t pos) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data()) + pos;
  int64_t left = static_cast<int64_t>(text.size()) - pos;
  char32_t lead = p[0];
  if (lead < 0x80) return {lead, 1};
  auto tail = [&](int i) { return static_cast<char32_t>(p[i] & 0x3F); };
  if (lead < 0xE0 && left >= 2) return {(lead & 0x1F) << 6 | tail(1), 2};
  if (lead >= 0xE0 && lead < 0xF0 && left >= 3) {
    return {(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
  }
  if (lead >= 0xF0 && left >= 4) {
    char32_t value = (lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
    if (value <= 0x10FFFF) return {value, 4};
  }
  return {0xFFFD, 1};
}

// True for the second and later bytes of a code point.
inline bool IsUtf8Continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Start of the code point that ends at `end`. REQUIRES: 0 < end <= text.size().
inline int64_t PreviousUtf8(std::string_view text, int64_t end) noexcept {
  int64_t pos = end - 1;
  while (pos > 0 && IsUtf8Continuation(text[static_cast<size_t>(pos)])) --pos;
  return pos;
}

void AppendUtf8(char32_t c, std::string* dst);

}  // namespace vecmill

#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace vecmill {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// A well-formed sequence, or the maximal ill-formed part that one U+FFFD stands for.
struct Part {
  size_t num_bytes;
  bool valid;
};

// What a lead byte asks for: the sequence's length (0: not a lead byte), the range of its second
// byte. Later bytes are 80..BF. Source: Unicode 15, table 3-7.
struct Lead {
  size_t num_bytes;
  unsigned char second_min;
  unsigned char second_max;
};

Lead LeadOf(unsigned char byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};  // a continuation, or the lead of an overlong form
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (byte == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0, 0, 0};
}

// REQUIRES: text is not empty.
Part FirstPart(std::string_view text) noexcept {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  Lead lead = LeadOf(byte(0));
  if (lead.num_bytes == 0) return {1, false};
  for (size_t i = 1; i < lead.num_bytes; ++i) {
    unsigned char min = i == 1 ? lead.second_min : 0x80;
    unsigned char max = i == 1 ? lead.second_max : 0xBF;
    if (i == text.size() || byte(i) < min || byte(i) > max) return {i, false};
  }
  return {lead.num_bytes, true};
}

// Bytes of ASCII at the start of `text`, rounded down to eight: most text is all ASCII.
size_t AsciiPrefix(std::string_view text) noexcept {
  size_t size = 0;
  for (uint64_t word = 0; size + sizeof(word) <= text.size(); size += sizeof(word)) {
    std::memcpy(&word, text.data() + size, sizeof(word));
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return size;
}

// Bytes of well-formed UTF-8 at the start of `text`.
size_t ValidPrefix(std::string_view text) noexcept {
  size_t size = 0;
  while (size < text.size()) {
    size += AsciiPrefix(text.substr(size));
    // Up to eight characters before the next try at ASCII: other scripts would try in vain each
    // time.
    for (int i = 0; i < 8 && size < text.size(); ++i) {
      Part part = FirstPart(text.substr(size));
      if (!part.valid) return size;
      size += part.num_bytes;
    }
  }
  return size;
}

}  // namespace

bool IsValidUtf8(std::string_view text) noexcept { return ValidPrefix(text) == text.size(); }

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    size_t valid = ValidPrefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) return out;
    out += kReplacement;
    text.remove_prefix(FirstPart(text).num_bytes);
  }
}

}  // namespace vecmill

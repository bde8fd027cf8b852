#include "tokenizer/byte_level.h"

#include "tokenizer/unicode.h"

namespace vecmill {
namespace {

// Printable characters of Latin-1 stand for themselves.
bool StandsForItself(char32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

}  // namespace

ByteLevel::ByteLevel(const Json& json, const std::string& where)
    : prepends_space_(json.GetBool("add_prefix_space", where)),
      splits_(json.GetBool("use_regex", where, /*fallback=*/true)) {
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    std::string text;
    AppendUtf8(StandsForItself(byte) ? byte : next++, &text);
    Character& c = characters_[byte];
    c.size = static_cast<uint8_t>(text.size());
    text.copy(c.bytes, sizeof(c.bytes));
  }
}

void ByteLevel::Split(const Words& src, Words* dst) const {
  std::string prefixed;
  for (int64_t i = 0; i < src.size(); ++i) {
    std::string_view word = src[i];
    if (prepends_space_ && word[0] != ' ') {
      prefixed.assign(" ").append(word);
      word = prefixed;
    }
    if (!splits_) {
      AddWord(word, dst);
      continue;
    }
    for (size_t pos = 0; pos < word.size();) {
      size_t end = static_cast<size_t>(pattern_.MatchEnd(word, static_cast<int64_t>(pos)));
      AddWord(word.substr(pos, end - pos), dst);
      pos = end;
    }
  }
}

void ByteLevel::AddWord(std::string_view word, Words* dst) const {
  for (char byte : word) {
    const Character& c = characters_[static_cast<unsigned char>(byte)];
    dst->text()->append(c.bytes, c.size);
  }
  dst->EndWord();
}

}  // namespace vecmill

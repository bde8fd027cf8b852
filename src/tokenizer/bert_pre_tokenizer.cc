#include "tokenizer/bert_pre_tokenizer.h"

namespace vecmill {

BertPreTokenizer::BertPreTokenizer() {
  byte_class_.fill(ByteClass::kNotAscii);
  for (int64_t c = 0; c < 0x80; ++c) {
    uint16_t properties = code_points_.Properties(static_cast<char32_t>(c));
    byte_class_[static_cast<size_t>(c)] = (properties & kIsWhiteSpace) != 0 ? ByteClass::kSpace
                                          : (properties & kIsPunctuation) != 0
                                              ? ByteClass::kPunctuation
                                              : ByteClass::kLetter;
  }
}

BertPreTokenizer::Character BertPreTokenizer::Classify(std::string_view text, int64_t pos) const {
  ByteClass what = byte_class_[static_cast<unsigned char>(text[static_cast<size_t>(pos)])];
  if (what != ByteClass::kNotAscii) return {what, 1};
  DecodedCodePoint c = DecodeUtf8(text, pos);
  uint16_t properties = code_points_.Properties(c.value);
  what = ByteClass::kLetter;
  if ((properties & kIsPunctuation) != 0) what = ByteClass::kPunctuation;
  if ((properties & kIsWhiteSpace) != 0) what = ByteClass::kSpace;
  return {what, c.num_bytes};
}

BertPreTokenizer::Word BertPreTokenizer::NextWord(std::string_view text, int64_t from) const {
  int64_t size = static_cast<int64_t>(text.size());
  for (int64_t pos = from; pos < size;) {
    Character c = Classify(text, pos);
    int64_t next = pos + c.num_bytes;
    if (c.what == ByteClass::kPunctuation) return {pos, next, true};
    if (c.what == ByteClass::kLetter) {
      int64_t end = WordEnd(text, next);
      return {pos, end, end < size};
    }
    pos = next;
  }
  return {size, size, true};
}

int64_t BertPreTokenizer::WordEnd(std::string_view text, int64_t from) const {
  int64_t size = static_cast<int64_t>(text.size());
  int64_t pos = from;
  while (pos < size) {
    Character c = Classify(text, pos);
    if (c.what != ByteClass::kLetter) break;
    pos += c.num_bytes;
  }
  return pos;
}

}  // namespace vecmill

#include "tokenizer/character_normalizers.h"

#include "tokenizer/component.h"

namespace vecmill {

void LowercaseNormalizer::Append(std::string_view text, std::string* dst) const {
  for (int64_t pos = 0; pos < static_cast<int64_t>(text.size());) {
    DecodedCodePoint c = DecodeUtf8(text, pos);
    if ((code_points_.Properties(c.value) & kLowers) == 0) {
      dst->append(text, static_cast<size_t>(pos), static_cast<size_t>(c.num_bytes));
    } else {
      for (char32_t part : code_points_.Lower(c.value).code_points) {
        if (part != 0) AppendUtf8(part, dst);
      }
    }
    pos += c.num_bytes;
  }
}

void StripAccentsNormalizer::Append(std::string_view text, std::string* dst) const {
  for (int64_t pos = 0; pos < static_cast<int64_t>(text.size());) {
    DecodedCodePoint c = DecodeUtf8(text, pos);
    if ((code_points_.Properties(c.value) & kIsCombining) == 0) {
      dst->append(text, static_cast<size_t>(pos), static_cast<size_t>(c.num_bytes));
    }
    pos += c.num_bytes;
  }
}

StripNormalizer::StripNormalizer(const Json& json, const std::string& where)
    : left_(json.GetBool("strip_left", where)), right_(json.GetBool("strip_right", where)) {}

void StripNormalizer::Append(std::string_view text, std::string* dst) const {
  auto is_space = [&](int64_t pos) {
    return (code_points_.Properties(DecodeUtf8(text, pos).value) & kIsWhiteSpace) != 0;
  };
  int64_t begin = 0;
  int64_t end = static_cast<int64_t>(text.size());
  while (left_ && begin < end && is_space(begin)) begin += DecodeUtf8(text, begin).num_bytes;
  while (right_ && begin < end && is_space(PreviousUtf8(text, end))) end = PreviousUtf8(text, end);
  dst->append(text, static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

PrependNormalizer::PrependNormalizer(const Json& json, const std::string& where)
    : content_(ReadShortString(json, "prepend", where)) {}

void PrependNormalizer::Append(std::string_view text, std::string* dst) const {
  if (text.empty()) return;
  dst->append(content_).append(text);
}

}  // namespace vecmill

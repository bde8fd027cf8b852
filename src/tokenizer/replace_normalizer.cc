#include "tokenizer/replace_normalizer.h"

#include <algorithm>

#include "tokenizer/component.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Neither looks at a cut place nor takes part in one.
bool IsAsciiPunctuation(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
           !(c >= 'a' && c <= 'z');
  });
}

}  // namespace

ReplaceNormalizer::ReplaceNormalizer(const Json& json, const std::string& where)
    : content_(ReadShortString(json, "content", where)) {
  const Json& pattern = json.GetObject("pattern", where);
  const std::string key = where + ": pattern";
  if (pattern.Find("Regex") != nullptr) {
    const std::string& regex = pattern.GetString("Regex", key);
    if (regex != " {2,}") ThrowUnsupported(key, "Regex", Json(regex).Describe(), {"\" {2,}\""});
    keeps_cut_places_ = true;
    return;
  }
  pattern_ = ReadShortString(pattern, "String", key);
  if (pattern_.empty()) ThrowUnsupported(key, "String", "\"\"", {"strings that are not empty"});
  keeps_cut_places_ = IsAsciiPunctuation(pattern_);
}

void ReplaceNormalizer::Append(std::string_view text, std::string* dst) const {
  if (pattern_.empty()) return AppendWithoutRuns(text, dst);
  size_t pos = 0;
  for (size_t next; (next = text.find(pattern_, pos)) != text.npos; pos = next + pattern_.size()) {
    dst->append(text, pos, next - pos).append(content_);
  }
  dst->append(text, pos);
}

void ReplaceNormalizer::AppendWithoutRuns(std::string_view text, std::string* dst) const {
  size_t pos = 0;
  for (size_t next; (next = text.find("  ", pos)) != text.npos;) {
    dst->append(text, pos, next - pos).append(content_);
    pos = std::min(text.find_first_not_of(' ', next), text.size());
  }
  dst->append(text, pos);
}

}  // namespace vecmill

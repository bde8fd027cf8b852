#include "tokenizer/metaspace.h"

#include "tokenizer/component.h"
#include "tokenizer/unicode.h"
#include "vecmill/error.h"

namespace vecmill {

Metaspace::Metaspace(const Json& json, const std::string& where)
    : replacement_(json.GetString("replacement", where)),
      splits_(json.GetBool("split", where, /*fallback=*/true)) {
  if (replacement_.empty() ||
      DecodeUtf8(replacement_, 0).num_bytes != static_cast<int64_t>(replacement_.size())) {
    throw Error(ErrorCode::kCorrupt, where + ": replacement: expected one character, found " +
                                         Json(replacement_).Describe());
  }
  std::string scheme = json.GetString("prepend_scheme", where, "always");
  // The older spelling; the wheel takes it beside the newer one if both agree.
  if (!json.GetBool("add_prefix_space", where, /*fallback=*/true) && scheme != "never") {
    throw Error(ErrorCode::kCorrupt, where + ": add_prefix_space is false, but prepend_scheme is " +
                                         Json(scheme).Describe());
  }
  if (scheme == "first") {
    prepend_ = Prepend::kFirst;
  } else if (scheme == "never") {
    prepend_ = Prepend::kNever;
  } else if (scheme != "always") {
    ThrowUnsupported(where, "prepend_scheme", Json(scheme).Describe(),
                     {"always", "first", "never"});
  }
}

void Metaspace::Split(const Words& src, Words* dst) const {
  for (int64_t i = 0; i < src.size(); ++i) {
    std::string_view word = src[i];
    bool prepends = prepend_ == Prepend::kAlways ||
                    (prepend_ == Prepend::kFirst && i == 0 && src.at_text_start());
    if (prepends && word[0] != ' ' && !word.starts_with(replacement_)) *dst->text() += replacement_;
    for (size_t pos = 0; pos < word.size();) {
      bool is_space = word[pos] == ' ';
      if (is_space || word.substr(pos).starts_with(replacement_)) {
        if (splits_ && pos > 0) dst->EndWord();
        *dst->text() += replacement_;
        pos += is_space ? 1 : replacement_.size();
        continue;
      }
      size_t end = pos + 1;
      while (end < word.size() && word[end] != ' ' && word[end] != replacement_[0]) ++end;
      dst->text()->append(word, pos, end - pos);
      pos = end;
    }
    dst->EndWord();
  }
}

}  // namespace vecmill

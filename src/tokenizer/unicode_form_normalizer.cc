// One pass: every code point is decomposed and joins the run of its starter, which is put in order,
// composed and written when the next starter comes that cannot compose with it. Code points that
// nothing changes are starters; stretches of ASCII are copied, their last character aside.
#include "tokenizer/unicode_form_normalizer.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace vecmill {

UnicodeFormNormalizer::UnicodeFormNormalizer(UnicodeForm form)
    : composes_(form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc),
      compatibly_(form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd),
      decomposing_(UnicodeForms::kDecomposes |
                   (compatibly_ ? UnicodeForms::kDecomposesCompatibly : 0)) {}

void UnicodeFormNormalizer::Append(std::string_view text, std::string* dst) const {
  Run run;
  std::u32string parts;
  size_t pos = 0;
  while (pos < text.size()) {
    size_t end = pos;
    while (end < text.size() && static_cast<unsigned char>(text[end]) < 0x80) ++end;
    if (end > pos + 1) {
      Flush(&run, dst);
      dst->append(text, pos, end - 1 - pos);
      pos = end - 1;
    }
    DecodedCodePoint c = DecodeUtf8(text, static_cast<int64_t>(pos));
    pos += static_cast<size_t>(c.num_bytes);
    if ((forms_.Bits(c.value) & decomposing_) == 0) {
      AppendToRun(c.value, &run, dst);
      continue;
    }
    parts.clear();
    forms_.Decompose(c.value, compatibly_, &parts);
    for (char32_t part : parts) AppendToRun(part, &run, dst);
  }
  Flush(&run, dst);
}

void UnicodeFormNormalizer::AppendToRun(char32_t c, Run* run, std::string* dst) const {
  uint8_t bits = forms_.Bits(c);
  if ((bits & UnicodeForms::kHasClass) != 0) {
    run->push_back({forms_.CombiningClass(c), c});
    return;
  }
  if (!composes_ || (bits & UnicodeForms::kComposesBackward) == 0) Flush(run, dst);
  run->push_back({0, c});
}

void UnicodeFormNormalizer::Flush(Run* run, std::string* dst) const {
  if (run->size() > 1) {
    for (auto begin = run->begin(); begin != run->end();) {
      auto has_class = [](const Character& c) { return c.combining_class != 0; };
      begin = std::find_if(begin, run->end(), has_class);
      auto end = std::find_if_not(begin, run->end(), has_class);
      std::stable_sort(begin, end, [](const Character& a, const Character& b) {
        return a.combining_class < b.combining_class;
      });
      begin = end;
    }
    if (composes_) Compose(run);
  }
  for (const Character& c : *run) AppendUtf8(c.value, dst);
  run->clear();
}

// A character composes with the starter before it unless one of its own or a higher class, or
// another starter, is between them.
void UnicodeFormNormalizer::Compose(Run* run) const {
  constexpr int32_t kNothing = -1;
  size_t size = 0;
  size_t starter = run->size();   // none yet
  int32_t last_class = kNothing;  // of what is between the starter and the next character
  for (Character c : *run) {
    if (starter < size && last_class < c.combining_class) {
      if (char32_t composite = forms_.Compose((*run)[starter].value, c.value); composite != 0) {
        (*run)[starter].value = composite;
        continue;
      }
    }
    last_class = c.combining_class;
    if (c.combining_class == 0) {
      starter = size;
      last_class = kNothing;
    }
    (*run)[size++] = c;
  }
  run->resize(size);
}

}  // namespace vecmill

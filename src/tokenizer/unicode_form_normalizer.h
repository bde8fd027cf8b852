// tokenizer/unicode_form_normalizer.h: NFC, NFD, NFKC and NFKD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normalizer.h"
#include "tokenizer/unicode_forms.h"

namespace vecmill {

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

// Source: UAX 15, with the tables of unicode_forms.h.
class UnicodeFormNormalizer final : public Normalizer {
 public:
  explicit UnicodeFormNormalizer(UnicodeForm form);

  void Append(std::string_view text, std::string* dst) const override;
  bool MayMoveStart() const override { return compatibly_; }

 private:
  struct Character {
    int32_t combining_class;
    char32_t value;
  };
  // What may still change: a character of class zero and what comes behind it.
  using Run = std::vector<Character>;

  void AppendToRun(char32_t c, Run* run, std::string* dst) const;
  void Flush(Run* run, std::string* dst) const;
  void Compose(Run* run) const;

  const UnicodeForms& forms_ = UnicodeForms::Get();
  const bool composes_;
  const bool compatibly_;
  const uint8_t decomposing_;  // UnicodeForms::Bit of what this form decomposes
};

}  // namespace vecmill

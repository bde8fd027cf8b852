// tokenizer/precompiled_normalizer.h: the Precompiled of tokenizer.json, SentencePiece's
// normalizer.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/grapheme.h"
#include "tokenizer/normalizer.h"

namespace vecmill {

// A grapheme cluster of less than six bytes becomes what the table has for its shortest prefix,
// and what is behind the prefix is lost; other clusters go code point by code point. That is what
// the tokenizers wheel does, not SentencePiece.
class PrecompiledNormalizer final : public Normalizer {
 public:
  // `where` names the normalizer. Errors: kUnsupported, kCorrupt.
  PrecompiledNormalizer(const Json& json, const std::string& where);

  void Append(std::string_view text, std::string* dst) const override;
  bool KeepsCutPlaces() const override { return keeps_cut_places_; }
  bool MayMoveStart() const override { return true; }

 private:
  bool ComputeKeepsCutPlaces() const;

  const Graphemes& graphemes_ = Graphemes::Get();
  const Charsmap charsmap_;
  std::array<bool, 256> is_kept_{};  // ASCII that the table does not have
  bool keeps_cut_places_;
};

}  // namespace vecmill

// tokenizer/metaspace.h: the Metaspace of tokenizer.json.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/pre_tokenizer.h"

namespace vecmill {

// Spaces become a visible character, words begin with it: one is put before a word that does not.
class Metaspace final : public PreTokenizer {
 public:
  // `where` names the pre-tokenizer. Errors: kUnsupported, kCorrupt.
  Metaspace(const Json& json, const std::string& where);

  void Split(const Words& src, Words* dst) const override;
  AtCutPlace at_cut_place() const override {
    return splits_ ? AtCutPlace::kCuts : AtCutPlace::kLoses;
  }
  bool NeedsTextStart() const override { return prepend_ == Prepend::kFirst; }

 private:
  enum class Prepend { kAlways, kFirst, kNever };

  std::string replacement_;  // one code point
  Prepend prepend_ = Prepend::kAlways;
  bool splits_;
};

}  // namespace vecmill

// tokenizer/class_splitter.h: the pre-tokenizers that look at one code point at a time:
// BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/unicode.h"

namespace vecmill {

// Code points fall into four groups: runs of kFirst are words, runs of kSecond are words, each that
// is kAlone is a word, those that are kDropped separate words. What belongs where is measured on
// the tokenizers wheel (tools/make_unicode_tables.py).
class ClassSplitter final : public PreTokenizer {
 public:
  // `type` is one of the above; `where` names the pre-tokenizer. Errors: kUnsupported, kCorrupt.
  ClassSplitter(std::string_view type, const Json& json, const std::string& where);

  void Split(const Words& src, Words* dst) const override;
  AtCutPlace at_cut_place() const override { return at_cut_place_; }

 private:
  enum class Group : uint8_t { kFirst, kSecond, kAlone, kDropped };
  struct Rule {
    uint16_t properties;  // any of these CodePointProperty bits
    Group group;
  };

  Group GroupOf(char32_t c) const;

  const CodePoints& code_points_ = CodePoints::Get();
  std::array<Rule, 2> rules_{};  // the first that applies
  Group others_ = Group::kFirst;
  AtCutPlace at_cut_place_ = AtCutPlace::kKeeps;
};

}  // namespace vecmill

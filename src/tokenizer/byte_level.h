// tokenizer/byte_level.h: the ByteLevel of tokenizer.json.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/pattern_splitter.h"
#include "tokenizer/pre_tokenizer.h"

namespace vecmill {

// Words by the pattern of GPT-2, then every byte becomes a visible character of its own.
// Source: the code of Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
class ByteLevel final : public PreTokenizer {
 public:
  // `where` names the pre-tokenizer. Errors: kCorrupt.
  ByteLevel(const Json& json, const std::string& where);

  void Split(const Words& src, Words* dst) const override;
  AtCutPlace at_cut_place() const override {
    return splits_ ? AtCutPlace::kCuts : AtCutPlace::kLoses;
  }

 private:
  struct Character {
    char bytes[2];
    uint8_t size;
  };
  void AddWord(std::string_view word, Words* dst) const;

  const PatternMatcher pattern_{Pattern::kGpt2};
  std::array<Character, 256> characters_;
  bool prepends_space_;
  bool splits_;
};

}  // namespace vecmill

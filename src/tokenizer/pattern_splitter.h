// tokenizer/pattern_splitter.h: the Split of tokenizer.json, with the regular expressions that
// models use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/unicode.h"

namespace vecmill {

enum class Pattern {
  // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kGpt2,
  // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
  // |\s*[\r\n]+|\s+(?!\S)|\s+
  kLlama3,
  // The same with \p{N} for \p{N}{1,3}.
  kQwen2,
};

// Written by hand, and without the backtracking that makes a search quadratic.
// Threads: constant after construction.
class PatternMatcher {
 public:
  explicit PatternMatcher(Pattern pattern) : pattern_(pattern) {}

  // Where the match that begins at `begin` ends: there always is one. REQUIRES: begin <
  // text.size().
  int64_t MatchEnd(std::string_view text, int64_t begin) const;

 private:
  enum class Kind { kLetter, kNumber, kSpace, kOther, kNone };
  struct Character {
    Kind kind;  // kNone at the end of the text
    int64_t num_bytes;
  };

  Character CharacterAt(std::string_view text, int64_t pos) const;
  int64_t RunEnd(std::string_view text, int64_t pos, Kind kind) const;
  int64_t Gpt2End(std::string_view text, int64_t begin) const;
  int64_t Llama3End(std::string_view text, int64_t begin) const;
  int64_t SpaceEnd(std::string_view text, int64_t begin, bool splits_after_newline) const;

  const CodePoints& code_points_ = CodePoints::Get();
  const Pattern pattern_;
};

// Matches are words. Threads: constant after construction.
class PatternSplitter final : public PreTokenizer {
 public:
  // `where` names the pre-tokenizer. Errors: kUnsupported, kCorrupt.
  PatternSplitter(const Json& json, const std::string& where);

  void Split(const Words& src, Words* dst) const override;
  AtCutPlace at_cut_place() const override { return AtCutPlace::kCuts; }

 private:
  const PatternMatcher matcher_;
};

}  // namespace vecmill

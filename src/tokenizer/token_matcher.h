// tokenizer/token_matcher.h: find added tokens in a text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/unicode.h"

namespace vecmill {

// Finds the leftmost of some patterns, and of those that begin there the longest. Matches do not
// overlap. Cost: one table look-up for each byte; where a pattern may begin, a binary search for
// each byte of it.
// Threads: constant after construction.
class TokenMatcher {
 public:
  struct Pattern {
    std::string text;  // not empty
    int32_t id;
    bool single_word;  // no match where a letter stands directly before or after
    bool lstrip;       // white space before, or after, belongs to the token: for callers, the
    bool rstrip;       // matcher does not look at it
  };

  // [begin, end) of the text is a token; or, found == false, there is no token in [from, begin),
  // and the search goes on at begin == end.
  struct Match {
    bool found = false;
    int64_t begin = 0;
    int64_t end = 0;
    int32_t id = 0;
    bool lstrip = false;
    bool rstrip = false;
  };

  // REQUIRES: texts are distinct.
  explicit TokenMatcher(std::vector<Pattern> patterns);

  const std::vector<Pattern>& patterns() const { return patterns_; }
  bool any_lstrip() const { return any_lstrip_; }

  // The first match that begins in text[from, until). Looks beyond `until`, and before `from`, as
  // far as a match needs it. at_end: nothing follows `text`; otherwise the search stops where what
  // follows decides.
  Match Find(std::string_view text, int64_t from, int64_t until, bool at_end) const;

 private:
  struct Candidate {
    const Pattern* pattern;  // longest that begins here, or null
    bool open;               // more text could make it longer, or complete one
  };
  Candidate Longest(std::string_view text) const;
  bool TouchesWord(std::string_view text, int64_t begin, int64_t end) const;

  const CodePoints& code_points_ = CodePoints::Get();
  std::vector<Pattern> patterns_;  // sorted by text
  std::array<bool, 256> may_begin_{};
  bool any_lstrip_ = false;
};

}  // namespace vecmill

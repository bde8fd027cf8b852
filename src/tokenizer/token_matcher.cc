// Patterns are few and text rarely holds their first bytes, so a sorted list, narrowed byte by byte
// to those that still match, serves as the automaton.
#include "tokenizer/token_matcher.h"

#include <algorithm>

namespace vecmill {

TokenMatcher::TokenMatcher(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {
  std::sort(patterns_.begin(), patterns_.end(),
            [](const Pattern& a, const Pattern& b) { return a.text < b.text; });
  for (const Pattern& pattern : patterns_) {
    may_begin_[static_cast<unsigned char>(pattern.text[0])] = true;
    any_lstrip_ = any_lstrip_ || pattern.lstrip;
  }
}

TokenMatcher::Match TokenMatcher::Find(std::string_view text, int64_t from, int64_t until,
                                       bool at_end) const {
  int64_t pos = patterns_.empty() ? until : from;
  while (pos < until) {
    if (!may_begin_[static_cast<unsigned char>(text[static_cast<size_t>(pos)])]) {
      ++pos;
      continue;
    }
    auto [pattern, open] = Longest(text.substr(static_cast<size_t>(pos)));
    if (open && !at_end) break;
    if (pattern == nullptr) {
      ++pos;
      continue;
    }
    int64_t end = pos + static_cast<int64_t>(pattern->text.size());
    if (pattern->single_word && end == static_cast<int64_t>(text.size()) && !at_end) break;
    if (!pattern->single_word || !TouchesWord(text, pos, end)) {
      return {.found = true,
              .begin = pos,
              .end = end,
              .id = pattern->id,
              .lstrip = pattern->lstrip,
              .rstrip = pattern->rstrip};
    }
    pos = end;  // as the wheel: no other token is looked for within a match that does not count
  }
  return {.begin = pos, .end = pos};
}

TokenMatcher::Candidate TokenMatcher::Longest(std::string_view text) const {
  // [first, last) are the patterns that begin with the `depth` bytes read so far.
  auto first = patterns_.begin();
  auto last = patterns_.end();
  const Pattern* longest = nullptr;
  for (size_t depth = 0; first != last; ++depth) {
    if (first->text.size() == depth && depth > 0) {
      longest = &*first;
      if (++first == last) break;
    }
    if (depth == text.size()) return {longest, true};
    auto byte = static_cast<unsigned char>(text[depth]);
    auto byte_of = [depth](const Pattern& p) { return static_cast<unsigned char>(p.text[depth]); };
    first = std::partition_point(first, last, [&](const Pattern& p) { return byte_of(p) < byte; });
    last = std::partition_point(first, last, [&](const Pattern& p) { return byte_of(p) == byte; });
  }
  return {longest, false};
}

bool TokenMatcher::TouchesWord(std::string_view text, int64_t begin, int64_t end) const {
  auto is_word = [&](int64_t pos) {
    return (code_points_.Properties(DecodeUtf8(text, pos).value) & kIsWord) != 0;
  };
  return (begin > 0 && is_word(PreviousUtf8(text, begin))) ||
         (end < static_cast<int64_t>(text.size()) && is_word(end));
}

}  // namespace vecmill

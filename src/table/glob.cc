#include "table/glob.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace vecmill {
namespace {

// Match a sequence of text elements against pattern elements of which some are stars. `is_star(p)`
// and `one(p, t)` decide about single elements; `skippable(t)` tells if a star may swallow element
// t. Only the latest star needs a second try: what an earlier one swallowed can always be shorter.
bool MatchWithStars(int64_t num_pattern, int64_t num_text,
                    const std::function<bool(int64_t)>& is_star,
                    const std::function<bool(int64_t, int64_t)>& one,
                    const std::function<bool(int64_t)>& skippable) {
  int64_t p = 0;
  int64_t t = 0;
  std::optional<int64_t> star;  // pattern index of the latest star
  int64_t star_end = 0;         // text index behind what it swallowed
  while (t < num_text) {
    if (p < num_pattern && is_star(p)) {
      star = p++;
      star_end = t;
    } else if (p < num_pattern && one(p, t)) {
      ++p;
      ++t;
    } else if (star && skippable(star_end)) {
      p = *star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  while (p < num_pattern && is_star(p)) ++p;
  return p == num_pattern;
}

// One element of a part's pattern: a star, any byte, or a set of bytes.
struct Element {
  bool star = false;
  bool any = false;
  bool negated = false;
  std::string_view set;  // "a-z0"; a literal byte is a set of one
};

bool InSet(std::string_view set, char c) {
  const auto byte = static_cast<unsigned char>(c);
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      if (static_cast<unsigned char>(set[i]) <= byte &&
          byte <= static_cast<unsigned char>(set[i + 2]))
        return true;
      i += 2;
    } else if (set[i] == c) {
      return true;
    }
  }
  return false;
}

std::vector<Element> ParsePart(std::string_view part) {
  std::vector<Element> elements;
  for (size_t i = 0; i < part.size(); ++i) {
    const size_t set_begin = i + 1 + (i + 1 < part.size() && part[i + 1] == '!' ? 1 : 0);
    // A ']' right at the beginning of a set belongs to the set; '[' without an end is a plain byte.
    const size_t set_end = part[i] == '[' ? part.find(']', set_begin + 1) : std::string_view::npos;
    if (part[i] == '*') {
      elements.push_back({.star = true, .any = false, .negated = false, .set = {}});
    } else if (part[i] == '?') {
      elements.push_back({.star = false, .any = true, .negated = false, .set = {}});
    } else if (set_end != std::string_view::npos) {
      elements.push_back({.star = false,
                          .any = false,
                          .negated = set_begin == i + 2,
                          .set = part.substr(set_begin, set_end - set_begin)});
      i = set_end;
    } else {
      elements.push_back({.star = false, .any = false, .negated = false, .set = part.substr(i, 1)});
    }
  }
  return elements;
}

bool IsHidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

bool PartMatches(std::string_view pattern, std::string_view name) {
  if (IsHidden(name) && !pattern.starts_with(name.front())) return false;
  const std::vector<Element> elements = ParsePart(pattern);
  const auto element = [&](int64_t p) -> const Element& {
    return elements[static_cast<size_t>(p)];
  };
  return MatchWithStars(
      static_cast<int64_t>(elements.size()), static_cast<int64_t>(name.size()),
      [&](int64_t p) { return element(p).star; },
      [&](int64_t p, int64_t t) {
        const Element& e = element(p);
        return e.any || InSet(e.set, name[static_cast<size_t>(t)]) != e.negated;
      },
      [](int64_t) { return true; });
}

std::vector<std::string_view> SplitAtSlashes(std::string_view path) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', begin)) {
    parts.push_back(path.substr(begin, slash - begin));
    begin = slash + 1;
  }
  parts.push_back(path.substr(begin));
  return parts;
}

}  // namespace

bool HasWildcard(std::string_view text, bool question_mark) {
  return text.find_first_of(question_mark ? "*[?" : "*[") != std::string_view::npos;
}

bool GlobMatches(std::string_view pattern, std::string_view path) {
  const std::vector<std::string_view> patterns = SplitAtSlashes(pattern);
  const std::vector<std::string_view> names = SplitAtSlashes(path);
  const auto at = [](const std::vector<std::string_view>& parts, int64_t i) {
    return parts[static_cast<size_t>(i)];
  };
  return MatchWithStars(
      static_cast<int64_t>(patterns.size()), static_cast<int64_t>(names.size()),
      [&](int64_t p) { return at(patterns, p) == "**"; },
      [&](int64_t p, int64_t t) { return PartMatches(at(patterns, p), at(names, t)); },
      [&](int64_t t) { return !IsHidden(at(names, t)); });
}

}  // namespace vecmill

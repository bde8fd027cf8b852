// tokenizer/unicode_tables.h: the data behind unicode.h, measured and written by
// tools/make_unicode_tables.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vecmill::unicode_tables {

// A set of code points: the differences between the code points at which membership changes,
// starting outside the set at 0.
using SetChanges = std::span<const uint32_t>;

extern const SetChanges kWhiteSpace;
extern const SetChanges kPunctuation;
extern const SetChanges kControl;
extern const SetChanges kIdeographs;
extern const SetChanges kMarks;
extern const SetChanges kReordered;
extern const SetChanges kDecomposed;
extern const SetChanges kWord;
extern const SetChanges kCombining;
extern const SetChanges kNumeric;
extern const SetChanges kLetters;
extern const SetChanges kNumbers;
extern const SetChanges kClusterControls;
extern const SetChanges kClusterAttached;
extern const SetChanges kClusterPrepended;
extern const SetChanges kPictographs;
extern const SetChanges kPictographExtenders;
extern const SetChanges kConjunctConsonants;
extern const SetChanges kConjunctLinkers;
extern const SetChanges kConjunctExtenders;

// Call fn(first, end) for each run of members.
template <typename Fn>
void ForEachRun(unicode_tables::SetChanges set, const Fn& fn) {
  char32_t at = 0;
  for (size_t i = 0; i + 1 < set.size(); i += 2) {
    char32_t first = at + set[i];
    at = first + set[i + 1];
    fn(first, at);
  }
}

// Canonical combining class of first..last; ranges do not overlap.
struct MarkClass {
  char32_t first;
  char32_t last;
  int32_t combining_class;
};
extern const std::span<const MarkClass> kMarkClasses;

// first, first + stride, ... last move by `difference`; ordered, the rules do not overlap.
struct LowerRule {
  char32_t first;
  char32_t last;
  uint32_t stride;
  int32_t difference;
};
extern const std::span<const LowerRule> kLowerRules;

// One target for each code point of kDecomposed, in order: a code point, or 0x110000 + i for
// kSequences[i].
extern const std::span<const uint32_t> kTargets;

struct Sequence {
  char32_t code_points[3];  // padded with zeros
};
extern const std::span<const Sequence> kSequences;

// Normal forms, in unicode_forms_data.cc; Hangul syllables aside.
//
// What the members of a set become, in order; the last code point of each has kLast added.
inline constexpr uint32_t kLast = 1u << 31;
extern const SetChanges kCanonical;
extern const std::span<const uint32_t> kCanonicalTargets;
extern const SetChanges kCompatibility;  // those that become something else than canonically
extern const std::span<const uint32_t> kCompatibilityTargets;

// All code points whose class is not zero.
extern const std::span<const MarkClass> kAllMarkClasses;

// first and second compose; ordered by first, then second.
struct Composition {
  char32_t first;
  char32_t second;
  char32_t composite;
};
extern const std::span<const Composition> kCompositions;

}  // namespace vecmill::unicode_tables

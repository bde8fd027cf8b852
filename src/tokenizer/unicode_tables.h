// tokenizer/unicode_tables.h: the data behind unicode.h, measured and written by
// tools/make_unicode_tables.py.
#pragma once

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

}  // namespace vecmill::unicode_tables

#include "tokenizer/unicode.h"

#include <algorithm>

namespace vecmill {
namespace {

constexpr char32_t kNumCodePoints = 0x110000;
constexpr char32_t kDottedCapitalI = 0x130;

// Hangul syllables decompose by arithmetic: Unicode 15, section 3.12.
constexpr char32_t kHangulFirst = 0xAC00;
constexpr char32_t kHangulLast = 0xD7A3;

CodePoints::Sequence StrippedHangul(char32_t c) {
  constexpr char32_t kVowels = 21, kTrailing = 28;
  char32_t i = c - kHangulFirst;
  char32_t trailing = i % kTrailing;
  return {{0x1100 + i / (kVowels * kTrailing), 0x1161 + i / kTrailing % kVowels,
           trailing == 0 ? 0 : 0x11A7 + trailing}};
}

}  // namespace

const CodePoints& CodePoints::Get() {
  static const CodePoints code_points;
  return code_points;
}

CodePoints::CodePoints() : properties_(kNumCodePoints) {
  Mark(unicode_tables::kWhiteSpace, kIsWhiteSpace);
  Mark(unicode_tables::kPunctuation, kIsPunctuation);
  Mark(unicode_tables::kControl, kIsControl);
  Mark(unicode_tables::kIdeographs, kIsIdeograph);
  Mark(unicode_tables::kMarks, kIsMark);
  Mark(unicode_tables::kReordered, kIsReordered);
  Mark(unicode_tables::kDecomposed, kDecomposes);
  Mark(unicode_tables::kWord, kIsWord);
  Mark(unicode_tables::kCombining, kIsCombining);
  Mark(unicode_tables::kNumeric, kIsNumeric);
  Mark(unicode_tables::kLetters, kIsLetter);
  Mark(unicode_tables::kNumbers, kIsNumber);
  for (char32_t c = kHangulFirst; c <= kHangulLast; ++c) properties_[c] |= kDecomposes;
  for (const unicode_tables::LowerRule& rule : unicode_tables::kLowerRules) {
    for (char32_t c = rule.first; c <= rule.last; c += rule.stride) properties_[c] |= kLowers;
  }
  properties_[kDottedCapitalI] |= kLowers;
  int64_t num_targets = 0;
  unicode_tables::ForEachRun(unicode_tables::kDecomposed, [&](char32_t first, char32_t end) {
    target_runs_.push_back({.first = first, .target_idx = num_targets});
    num_targets += end - first;
  });
}

void CodePoints::Mark(unicode_tables::SetChanges set, CodePointProperty property) {
  unicode_tables::ForEachRun(set, [&](char32_t first, char32_t end) {
    for (char32_t c = first; c < end; ++c) properties_[c] |= property;
  });
}

CodePoints::Sequence CodePoints::Stripped(char32_t c) const {
  if (c >= kHangulFirst && c <= kHangulLast) return StrippedHangul(c);
  auto run = std::upper_bound(target_runs_.begin(), target_runs_.end(), c,
                              [](char32_t x, const TargetRun& r) { return x < r.first; }) -
             1;
  uint32_t target =
      unicode_tables::kTargets[static_cast<size_t>(run->target_idx + (c - run->first))];
  if (target < kNumCodePoints) return {{target, 0, 0}};
  return unicode_tables::kSequences[target - kNumCodePoints];
}

CodePoints::Sequence CodePoints::Lower(char32_t c) const {
  if (c == kDottedCapitalI) return {{U'i', 0x307, 0}};
  const auto rules = unicode_tables::kLowerRules;
  auto rule =
      std::upper_bound(rules.begin(), rules.end(), c,
                       [](char32_t x, const unicode_tables::LowerRule& r) { return x < r.first; }) -
      1;
  return {{static_cast<char32_t>(static_cast<int32_t>(c) + rule->difference), 0, 0}};
}

int32_t CodePoints::CombiningClass(char32_t c) const {
  for (const unicode_tables::MarkClass& range : unicode_tables::kMarkClasses) {
    if (c >= range.first && c <= range.last) return range.combining_class;
  }
  return 0;
}

void AppendUtf8(char32_t c, std::string* dst) {
  auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    dst->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    dst->append({static_cast<char>(0xC0 | c >> 6), tail(0)});
  } else if (c < 0x10000) {
    dst->append({static_cast<char>(0xE0 | c >> 12), tail(6), tail(0)});
  } else {
    dst->append({static_cast<char>(0xF0 | c >> 18), tail(12), tail(6), tail(0)});
  }
}

}  // namespace vecmill

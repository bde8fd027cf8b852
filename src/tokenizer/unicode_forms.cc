#include "tokenizer/unicode_forms.h"

#include <algorithm>
#include <tuple>

#include "tokenizer/unicode_tables.h"

namespace vecmill {
namespace {

// Hangul syllables compose and decompose by arithmetic: Unicode 15, section 3.12.
constexpr char32_t kSyllables = 0xAC00;
constexpr char32_t kLeading = 0x1100;
constexpr char32_t kVowels = 0x1161;
constexpr char32_t kTrailing = 0x11A7;  // one before the first: none
constexpr char32_t kNumLeading = 19, kNumVowels = 21, kNumTrailing = 28;
constexpr char32_t kNumSyllables = kNumLeading * kNumVowels * kNumTrailing;

void DecomposeHangul(char32_t c, std::u32string* dst) {
  char32_t i = c - kSyllables;
  dst->push_back(kLeading + i / (kNumVowels * kNumTrailing));
  dst->push_back(kVowels + i / kNumTrailing % kNumVowels);
  if (i % kNumTrailing != 0) dst->push_back(kTrailing + i % kNumTrailing);
}

char32_t ComposeHangul(char32_t first, char32_t second) {
  if (first >= kLeading && first < kLeading + kNumLeading && second >= kVowels &&
      second < kVowels + kNumVowels) {
    return kSyllables + ((first - kLeading) * kNumVowels + (second - kVowels)) * kNumTrailing;
  }
  if (first >= kSyllables && first < kSyllables + kNumSyllables &&
      (first - kSyllables) % kNumTrailing == 0 && second > kTrailing &&
      second < kTrailing + kNumTrailing) {
    return first + (second - kTrailing);
  }
  return 0;
}

}  // namespace

const UnicodeForms& UnicodeForms::Get() {
  static const UnicodeForms forms;
  return forms;
}

UnicodeForms::UnicodeForms()
    : bits_(0x110000),
      canonical_(unicode_tables::kCanonical, unicode_tables::kCanonicalTargets),
      compatibility_(unicode_tables::kCompatibility, unicode_tables::kCompatibilityTargets) {
  auto fill = [this](char32_t first, char32_t end, uint8_t bits) {
    for (char32_t c = first; c < end; ++c) bits_[c] |= bits;
  };
  unicode_tables::ForEachRun(unicode_tables::kCanonical,
                             [&](char32_t first, char32_t end) { fill(first, end, kDecomposes); });
  unicode_tables::ForEachRun(unicode_tables::kCompatibility, [&](char32_t first, char32_t end) {
    fill(first, end, kDecomposesCompatibly);
  });
  fill(kSyllables, kSyllables + kNumSyllables, kDecomposes);
  for (const unicode_tables::MarkClass& range : unicode_tables::kAllMarkClasses) {
    fill(range.first, range.last + 1, kHasClass);
  }
  for (const unicode_tables::Composition& pair : unicode_tables::kCompositions) {
    fill(pair.second, pair.second + 1, kComposesBackward);
  }
  fill(kVowels, kVowels + kNumVowels, kComposesBackward);
  fill(kTrailing + 1, kTrailing + kNumTrailing, kComposesBackward);
}

UnicodeForms::Targets::Targets(unicode_tables::SetChanges set, std::span<const uint32_t> targets)
    : code_points_(targets) {
  size_t num_members = 0;
  unicode_tables::ForEachRun(set, [&](char32_t first, char32_t end) {
    runs_.push_back({.first = first, .member_idx = num_members});
    num_members += end - first;
  });
  begins_.push_back(0);
  for (size_t i = 0; i < targets.size(); ++i) {
    if ((targets[i] & unicode_tables::kLast) != 0) begins_.push_back(i + 1);
  }
}

void UnicodeForms::Targets::Append(char32_t c, std::u32string* dst) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), c,
                              [](char32_t x, const Run& r) { return x < r.first; }) -
             1;
  size_t member = run->member_idx + (c - run->first);
  for (size_t i = begins_[member]; i < begins_[member + 1]; ++i) {
    dst->push_back(code_points_[i] & ~unicode_tables::kLast);
  }
}

void UnicodeForms::Decompose(char32_t c, bool compatibly, std::u32string* dst) const {
  if (c >= kSyllables && c < kSyllables + kNumSyllables) {
    DecomposeHangul(c, dst);
  } else if (compatibly && (bits_[c] & kDecomposesCompatibly) != 0) {
    compatibility_.Append(c, dst);
  } else {
    canonical_.Append(c, dst);
  }
}

int32_t UnicodeForms::CombiningClass(char32_t c) const {
  const auto classes = unicode_tables::kAllMarkClasses;
  auto range =
      std::upper_bound(classes.begin(), classes.end(), c,
                       [](char32_t x, const unicode_tables::MarkClass& r) { return x < r.first; });
  return range == classes.begin() ? 0 : (range - 1)->combining_class;
}

char32_t UnicodeForms::Compose(char32_t first, char32_t second) const {
  if (char32_t syllable = ComposeHangul(first, second); syllable != 0) return syllable;
  const auto pairs = unicode_tables::kCompositions;
  auto pair = std::lower_bound(
      pairs.begin(), pairs.end(), std::tie(first, second),
      [](const unicode_tables::Composition& p, const std::tuple<char32_t, char32_t>& x) {
        return std::tie(p.first, p.second) < x;
      });
  bool found = pair != pairs.end() && pair->first == first && pair->second == second;
  return found ? pair->composite : 0;
}

}  // namespace vecmill

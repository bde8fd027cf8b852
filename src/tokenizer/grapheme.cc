#include "tokenizer/grapheme.h"

#include "tokenizer/unicode.h"
#include "tokenizer/unicode_tables.h"

namespace vecmill {
namespace {

enum Bit : uint16_t {
  kControl = 1,      // CR and LF too
  kAttaches = 2,     // to what is before: Extend, ZWJ, SpacingMark
  kPrepend = 4,      // attaches to what is behind
  kPictograph = 8,   // Extended_Pictographic
  kExtend = 16,      // may stand between a pictograph and the joiner
  kConsonant = 32,   // Indic_Conjunct_Break: Consonant, Linker, Extend
  kLinker = 64,      //
  kConjoins = 128,   //
  kLeading = 256,    // Hangul: L, V, T; LV is leading and vowel, LVT leading and trailing
  kVowel = 512,      //
  kTrailing = 1024,  //
  kSyllable = 2048,  // LV, LVT
};

constexpr char32_t kJoiner = 0x200D;

// Rules GB6 to GB8.
bool JoinsHangul(uint16_t before, uint16_t c) {
  if ((before & kSyllable) == 0 && (before & kLeading) != 0) {
    return (c & (kLeading | kVowel | kSyllable)) != 0;
  }
  if ((before & kVowel) != 0) return (c & kSyllable) == 0 && (c & (kVowel | kTrailing)) != 0;
  return (before & kTrailing) != 0 && (c & kSyllable) == 0 && (c & kTrailing) != 0;
}

// How much of "pictograph extend* joiner", or of "consonant (extend | linker)* with a linker", the
// cluster ends with.
enum class Progress { kNone, kBegun, kComplete };

Progress AdvancePictographs(Progress before, char32_t c, uint16_t bits) {
  if ((bits & kPictograph) != 0) return Progress::kBegun;
  if (before != Progress::kBegun) return Progress::kNone;
  if (c == kJoiner) return Progress::kComplete;
  return (bits & kExtend) != 0 ? Progress::kBegun : Progress::kNone;
}

Progress AdvanceConjunct(Progress before, uint16_t bits) {
  if ((bits & kConsonant) != 0) return Progress::kBegun;
  if (before == Progress::kNone) return Progress::kNone;
  if ((bits & kLinker) != 0) return Progress::kComplete;
  return (bits & kConjoins) != 0 ? before : Progress::kNone;
}

}  // namespace

const Graphemes& Graphemes::Get() {
  static const Graphemes graphemes;
  return graphemes;
}

Graphemes::Graphemes() : bits_(0x110000) {
  auto mark = [this](unicode_tables::SetChanges set, uint16_t bits) {
    unicode_tables::ForEachRun(set, [&](char32_t first, char32_t end) {
      for (char32_t c = first; c < end; ++c) bits_[c] |= bits;
    });
  };
  mark(unicode_tables::kClusterControls, kControl);
  mark(unicode_tables::kClusterAttached, kAttaches);
  mark(unicode_tables::kClusterPrepended, kPrepend);
  mark(unicode_tables::kPictographs, kPictograph);
  mark(unicode_tables::kPictographExtenders, kExtend);
  mark(unicode_tables::kConjunctConsonants, kConsonant);
  mark(unicode_tables::kConjunctLinkers, kLinker);
  mark(unicode_tables::kConjunctExtenders, kConjoins);
  auto fill = [this](char32_t first, char32_t last, uint16_t bits) {
    for (char32_t c = first; c <= last; ++c) bits_[c] |= bits;
  };
  fill(0x1100, 0x115F, kLeading);
  fill(0xA960, 0xA97C, kLeading);
  fill(0x1160, 0x11A7, kVowel);
  fill(0xD7B0, 0xD7C6, kVowel);
  fill(0x11A8, 0x11FF, kTrailing);
  fill(0xD7CB, 0xD7FB, kTrailing);
  for (char32_t c = 0xAC00; c <= 0xD7A3; ++c) {
    bits_[c] |= static_cast<uint16_t>(kSyllable | ((c - 0xAC00) % 28 == 0 ? kVowel : kTrailing));
  }
}

int64_t Graphemes::ClusterEnd(std::string_view text, int64_t begin) const {
  DecodedCodePoint c = DecodeUtf8(text, begin);
  int64_t end = begin + c.num_bytes;
  uint16_t before = bits_[c.value];
  Progress pictographs = AdvancePictographs(Progress::kNone, c.value, before);
  Progress conjunct = AdvanceConjunct(Progress::kNone, before);
  bool after_return = c.value == U'\r';
  while (end < static_cast<int64_t>(text.size())) {
    c = DecodeUtf8(text, end);
    uint16_t bits = bits_[c.value];
    bool joins = after_return && c.value == U'\n';
    if (((before | bits) & kControl) == 0) {
      joins = (bits & kAttaches) != 0 || (before & kPrepend) != 0 || JoinsHangul(before, bits) ||
              (pictographs == Progress::kComplete && (bits & kPictograph) != 0) ||
              (conjunct == Progress::kComplete && (bits & kConsonant) != 0);
    }
    if (!joins) break;
    pictographs = AdvancePictographs(pictographs, c.value, bits);
    conjunct = AdvanceConjunct(conjunct, bits);
    after_return = false;
    before = bits;
    end += c.num_bytes;
  }
  return end;
}

}  // namespace vecmill

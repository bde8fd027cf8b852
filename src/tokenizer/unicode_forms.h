// tokenizer/unicode_forms.h: the tables behind NFC, NFD, NFKC and NFKD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/unicode_tables.h"

namespace vecmill {

// What the tokenizers wheel has, of Unicode 13 or so (tools/make_unicode_tables.py). Constant, one
// for the whole process.
// Source: UAX 15.
class UnicodeForms {
 public:
  enum Bit : uint8_t {
    kDecomposes = 1,            // canonically
    kDecomposesCompatibly = 2,  // to something else than canonically
    kHasClass = 4,              // canonical combining class is not zero
    kComposesBackward = 8,      // may be the second of two that compose
  };

  // Built by the first call, in about a millisecond. Thread-safe.
  static const UnicodeForms& Get();

  // Bits of c.
  uint8_t Bits(char32_t c) const { return bits_[c]; }

  // Append what c becomes, in full, to dst. REQUIRES: kDecomposes; or kDecomposesCompatibly, and
  // `compatibly`.
  void Decompose(char32_t c, bool compatibly, std::u32string* dst) const;

  // REQUIRES: kHasClass.
  int32_t CombiningClass(char32_t c) const;

  // What the two compose to; 0 if they do not.
  char32_t Compose(char32_t first, char32_t second) const;

 private:
  // What the members of a set become.
  class Targets {
   public:
    Targets(unicode_tables::SetChanges set, std::span<const uint32_t> targets);
    void Append(char32_t c, std::u32string* dst) const;

   private:
    struct Run {
      char32_t first;     // of consecutive members
      size_t member_idx;  // of the first
    };
    std::vector<Run> runs_;
    std::vector<size_t> begins_;  // of each member in code_points_, and the end
    std::span<const uint32_t> code_points_;
  };

  UnicodeForms();

  std::vector<uint8_t> bits_;
  Targets canonical_;
  Targets compatibility_;
};

}  // namespace vecmill

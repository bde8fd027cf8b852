// tokenizer/grapheme.h: what a reader takes for one character.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace vecmill {

// Extended grapheme clusters: UAX 29, section 3.1.1, but for flags: two regional indicators are
// two clusters here, which does not matter to the one who asks (precompiled_normalizer.h), since
// one of them with anything behind it has six bytes. Classes are measured on the tokenizers wheel
// (tools/make_unicode_tables.py). Constant, one for the whole process.
class Graphemes {
 public:
  // Built by the first call, in about a millisecond. Thread-safe.
  static const Graphemes& Get();

  // Where the cluster that begins at `begin` ends. REQUIRES: begin < text.size().
  int64_t ClusterEnd(std::string_view text, int64_t begin) const;

 private:
  Graphemes();

  std::vector<uint16_t> bits_;  // of each code point
};

}  // namespace vecmill

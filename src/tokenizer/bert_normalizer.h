// tokenizer/bert_normalizer.h: the BertNormalizer of tokenizer.json, on text that comes in pieces.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/unicode.h"

namespace vecmill {

// Four steps, each switched by the file, in this order: remove control characters and turn white
// space into spaces; put spaces around ideographs; decompose (NFD) and remove nonspacing marks;
// lower case, character by character.
// Source:  Devlin et al. 2018, arXiv:1810.04805, the tokenizer of its code; what each step does to
//          a code point is measured on the tokenizers wheel (tools/make_unicode_tables.py).
// Threads: constant after construction; the state of a text is the caller's.
class BertNormalizer {
 public:
  // A limit for State::max_ordered_marks.
  static constexpr int64_t kMaxOrderedMarks = 2048;

  // What a text must remember from one piece to the next.
  struct State {
    struct Mark {
      int32_t combining_class;
      char32_t value;
    };
    std::vector<Mark> marks;  // a run that may go on: those not removed, in the text's order
    // Marks of one run that are told apart. Of a longer run the rest is lost: a word that holds it
    // must be unknown for its length.
    int64_t max_ordered_marks = kMaxOrderedMarks;
  };

  // `where` names the normalizer. Errors: kCorrupt.
  BertNormalizer(const Json& json, const std::string& where);

  // Normalize the next piece of a text, whole code points of UTF-8, and append the result to dst.
  // The last marks may stay in `state`.
  void Append(std::string_view piece, State* state, std::string* dst) const;

  // End the text: append what is left in `state`, which is then ready for the next text.
  void Finish(State* state, std::string* dst) const { FlushMarks(state, dst); }

  // True if part of `text` can change places with marks next to it.
  bool HoldsMovableMarks(std::string_view text) const;

 private:
  static constexpr int16_t kRemoved = -1;
  static constexpr int16_t kNotAscii = -2;

  size_t AppendAscii(std::string_view piece, std::string* dst) const;
  void AppendCodePoint(char32_t c, State* state, std::string* dst) const;
  void AppendStripped(char32_t c, State* state, std::string* dst) const;
  void AppendOrdered(char32_t c, State* state, std::string* dst) const;
  void AppendLower(char32_t c, std::string* dst) const;
  void FlushMarks(State* state, std::string* dst) const;

  const CodePoints& code_points_ = CodePoints::Get();
  bool clean_text_;
  bool handle_chinese_chars_;
  bool strip_accents_;
  bool lowercase_;
  uint16_t changing_ = 0;  // CodePointProperty bits of code points that some step may change
  std::array<int16_t, 256> of_byte_;  // the ASCII character a byte becomes, kRemoved or kNotAscii
};

}  // namespace vecmill

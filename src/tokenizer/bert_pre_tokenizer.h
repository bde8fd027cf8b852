// tokenizer/bert_pre_tokenizer.h: the BertPreTokenizer of tokenizer.json: normalized text to words.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tokenizer/unicode.h"

namespace vecmill {

// White space separates words and is dropped; each punctuation character is a word of its own.
// Source:  BasicTokenizer of the code of Devlin et al. 2018, arXiv:1810.04805; the two sets are
//          measured on the tokenizers wheel (tools/make_unicode_tables.py).
// Threads: constant after construction.
class BertPreTokenizer {
 public:
  struct Word {
    int64_t begin;
    int64_t end;
    bool complete;  // false if text after `end` could be part of it
  };

  BertPreTokenizer();

  // The first word of `text` that begins at `from` or later; begin == end if there is none.
  Word NextWord(std::string_view text, int64_t from) const;

  // Where the word that holds text[from - 1] ends.
  int64_t WordEnd(std::string_view text, int64_t from) const;

 private:
  enum class ByteClass : uint8_t { kLetter, kSpace, kPunctuation, kNotAscii };

  struct Character {
    ByteClass what;  // not kNotAscii
    int64_t num_bytes;
  };
  Character Classify(std::string_view text, int64_t pos) const;

  const CodePoints& code_points_ = CodePoints::Get();
  std::array<ByteClass, 256> byte_class_;
};

}  // namespace vecmill

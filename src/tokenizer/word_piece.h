// tokenizer/word_piece.h: the WordPiece model of tokenizer.json: words to ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/id_sink.h"
#include "tokenizer/model.h"
#include "tokenizer/piece_table.h"

namespace vecmill {

// A word is cut from its start into the longest pieces that the vocabulary has; pieces after the
// first carry a prefix there. A word that cannot be cut so, or is too long, is one unknown token.
// Source:  Wu et al. 2016, arXiv:1609.08144, section 4.1, greedy as in the code of Devlin et al.
//          2018, arXiv:1810.04805.
// Threads: constant after construction.
class WordPiece final : public Model {
 public:
  // Most characters of a word that a file may ask to look at; BERT's is 100. The cost of a word is
  // quadratic in this.
  static constexpr int64_t kMaxWordChars = 1024;

  // Memory to work in, of the caller's thread.
  struct Scratch {
    SubstringHashes hashes;
    std::vector<int32_t> ids;
  };

  // `where` names the model. Errors: kUnsupported, kCorrupt.
  static WordPiece FromJson(const Json& model, const std::string& where);

  // Add the ids of `word`, which is not empty.
  void Encode(std::string_view word, IdSink* ids) const override;
  void Encode(std::string_view word, Scratch* scratch, IdSink* ids) const;

  // True if `word`, or the part of it that is known so far, is unknown for its length.
  bool IsTooLong(std::string_view word) const;

  int32_t unknown_id() const { return unknown_id_; }
  std::optional<int32_t> IdOf(std::string_view token) const override;

  int64_t num_tokens() const override { return num_tokens_; }
  int32_t max_id() const override { return max_id_; }

 private:
  WordPiece(const std::vector<PieceTable::Piece>& tokens, std::string_view prefix);

  PieceTable tokens_;         // all tokens as they are written
  PieceTable continuations_;  // those with the prefix, without it
  int64_t num_tokens_;
  int32_t max_id_;
  int64_t max_word_chars_ = 0;
  int32_t unknown_id_ = 0;
};

}  // namespace vecmill

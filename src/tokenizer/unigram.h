// tokenizer/unigram.h: the Unigram model of tokenizer.json.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/id_sink.h"
#include "tokenizer/model.h"
#include "tokenizer/piece_table.h"

namespace vecmill {

// A word is cut into the tokens whose scores, logarithms of probabilities, have the highest sum; a
// character that is no token counts as an unknown one, and unknown ones side by side are one.
// Linear in the word. Memory grows only with the longest stretch that has no place where all
// ways to cut it agree, and the ids are given as far as they are certain.
// Source:  Kudo 2018, arXiv:1804.10959; the search is Viterbi's, in double precision.
// Threads: constant after construction.
class Unigram final : public Model {
 public:
  // `where` names the model. Errors: kUnsupported, kCorrupt.
  Unigram(const Json& json, const std::string& where);

  void Encode(std::string_view word, IdSink* ids) const override;
  std::optional<int32_t> IdOf(std::string_view token) const override;
  int64_t num_tokens() const override { return static_cast<int64_t>(scores_.size()); }
  int32_t max_id() const override { return static_cast<int32_t>(scores_.size()) - 1; }

 private:
  struct Token {
    std::string_view text;
    double score;
  };
  // The best way to a place in the word: the token that ends there.
  struct Node {
    double score = 0;  // of all tokens up to here
    int32_t id = 0;
    uint32_t num_bytes = 0;  // of that token; none ends here as long as it is 0
  };
  class Search;

  Unigram(const Json& json, const std::string& where, const std::vector<Token>& tokens);
  static std::vector<Token> ReadVocabulary(const Json& json, const std::string& where);
  void AddUnknown(std::string_view text, IdSink* ids) const;

  std::vector<double> scores_;
  PieceTable tokens_;
  ByteTrie trie_;
  std::array<int32_t, 256> byte_ids_;  // byte_fallback: of <0x00> to <0xFF>
  int32_t unknown_id_;
  double unknown_score_;
  bool falls_back_to_bytes_;
};

}  // namespace vecmill

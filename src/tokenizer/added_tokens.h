// tokenizer/added_tokens.h: the added_tokens of tokenizer.json: tokens found in the text as they
// are, before any word is cut.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/token_matcher.h"
#include "tokenizer/word_piece.h"

namespace vecmill {

// Threads: constant after construction.
struct AddedTokens {
  TokenMatcher raw;         // "normalized": false; looked for in the text as it came
  TokenMatcher normalized;  // the others, themselves normalized; looked for in normalized text
  int32_t max_id;           // the highest id of the vocabulary and of these

  // `where` names the file. Errors: kUnsupported, kCorrupt, each naming the token.
  static AddedTokens FromJson(const Json& root, const std::string& where,
                              const BertNormalizer& normalizer, const WordPiece& model);
};

}  // namespace vecmill

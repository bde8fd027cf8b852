// tokenizer/added_tokens.h: the added_tokens of tokenizer.json: tokens found in the text as they
// are, before any word is cut.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "tokenizer/model.h"
#include "tokenizer/token_matcher.h"

namespace vecmill {

// Threads: constant after construction.
struct AddedTokens {
  TokenMatcher raw;         // "normalized": false; looked for in the text as it came
  TokenMatcher normalized;  // the others, themselves normalized; looked for in normalized text
  int32_t max_id;           // the highest id of the vocabulary and of these

  // Returns the content as the normalizer leaves it; may refuse the token, `where` names it.
  using Normalize =
      std::function<std::string(const std::string& content, const std::string& where)>;

  // `where` names the file. Errors: kUnsupported, kCorrupt, each naming the token.
  static AddedTokens FromJson(const Json& root, const std::string& where, const Model& model,
                              const Normalize& normalize);
};

}  // namespace vecmill

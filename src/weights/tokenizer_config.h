// weights/tokenizer_config.h: what tokenizer_config.json adds to tokenizer.json.
#pragma once

#include <cstdint>
#include <string>

namespace vecmill {

struct TokenizerConfig {
  // Longest row in tokens, special tokens included; INT64_MAX if not set (transformers writes
  // 1e30).
  int64_t model_max_length = INT64_MAX;
};

// Read tokenizer_config.json of `folder`, which may be absent, and compare it with tokenizer.json:
// for a BertTokenizer, transformers builds the normalizer anew from tokenizer_config.json, so a
// folder whose two files disagree about lower case, accents or Chinese characters would give other
// ids there than tokenizer.json says. Such a folder is refused, and so is `lower_case` (a setting
// of sentence-transformers) with a tokenizer.json that keeps capitals.
// Errors: kNotFound for tokenizer.json, kCorrupt, kUnsupported, kIo.
TokenizerConfig ReadTokenizerConfig(const std::string& folder, bool lower_case);

}  // namespace vecmill

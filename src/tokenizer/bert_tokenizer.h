// tokenizer/bert_tokenizer.h: BERT's tokenizer, which needs to see a text only piece by piece.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace vecmill {

// True if tokenizer.json is BertNormalizer, BertPreTokenizer and WordPiece.
// Errors: kUnsupported, kCorrupt.
bool IsBert(const Json& root, const std::string& where);

// REQUIRES: IsBert(). `where` names the file. Errors: kUnsupported, kCorrupt.
std::unique_ptr<const Tokenizer> LoadBert(const Json& root, const std::string& where);

}  // namespace vecmill

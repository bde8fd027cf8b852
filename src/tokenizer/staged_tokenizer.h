// tokenizer/staged_tokenizer.h: a tokenizer of any stages, each of which takes whole texts.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "tokenizer/tokenizer.h"

namespace vecmill {

// `where` names the file, `root` is what is in it. Errors: kUnsupported, kCorrupt.
std::unique_ptr<const Tokenizer> LoadStaged(const Json& root, const std::string& where);

}  // namespace vecmill

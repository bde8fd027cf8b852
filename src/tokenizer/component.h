// tokenizer/component.h: the parts of tokenizer.json, each an object with a "type".
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/json.h"

namespace vecmill {

// The member `key` of `root`, an object whose "type" is one of `supported`.
// Errors: kUnsupported naming the type found and those supported, kCorrupt; `where` names the file.
const Json& GetComponent(const Json& root, std::string_view key, const std::string& where,
                         std::initializer_list<std::string_view> supported);

// Errors: kUnsupported always: "WHERE: KEY: FOUND is not supported, only SUPPORTED".
[[noreturn]] void ThrowUnsupported(const std::string& where, std::string_view key,
                                   const std::string& found,
                                   std::initializer_list<std::string_view> supported);

}  // namespace vecmill

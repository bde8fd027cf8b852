// tokenizer/component.h: the parts of tokenizer.json, each an object with a "type".
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

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

// The string member `key` of `json`, of 256 bytes at most: what a step puts into the text.
// Errors: kUnsupported, kCorrupt.
const std::string& ReadShortString(const Json& json, std::string_view key,
                                   const std::string& where);

// A step of a sequence; `where` names it: "FILE: normalizer: normalizers[0]".
struct Component {
  const Json* json;
  std::string where;
};

// The steps of the member `key` of `root`, {"type": "Sequence", ITEMS: [...]} taken apart; none if
// it is null or not there. Borrowed from `root`. Errors: kUnsupported if there are more than 64,
// kCorrupt.
std::vector<Component> FlattenSequence(const Json& root, const std::string& key,
                                       const std::string& items, const std::string& where);

}  // namespace vecmill

// base/utf8.h: UTF-8 checked and repaired.
#pragma once

#include <string>
#include <string_view>

namespace vecmill {

// True if `text` is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms).
bool IsValidUtf8(std::string_view text) noexcept;

// `text` with every maximal ill-formed part replaced by one U+FFFD, as Python's decode("utf-8",
// errors="replace") and the Unicode standard (section 3.9) do. Valid text comes back unchanged.
std::string ReplaceInvalidUtf8(std::string_view text);

}  // namespace vecmill

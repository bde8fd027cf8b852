// table/glob.h: file name patterns.
#pragma once

#include <string_view>

namespace vecmill {

// True if `text` holds '*', '[' or, with `question_mark`, '?'.
bool HasWildcard(std::string_view text, bool question_mark);

// True if the whole of `path` matches `pattern`. Both are cut at slashes and compared part by part:
// '*' is any characters, '?' one byte, '[a-z]' and '[!a-z]' one byte of a set, and a part '**' any
// number of parts. A wildcard that begins a part matches no name that begins with '.' or '_', and
// '**' goes through no folder of such a name. Time: at most pattern length x path length.
bool GlobMatches(std::string_view pattern, std::string_view path);

}  // namespace vecmill

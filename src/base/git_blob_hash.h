// base/git_blob_hash.h: the name that git gives to the content of a file, by libcrypto.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vecmill {

// SHA-1 of "blob SIZE\0" and `content`: 40 lower-case hex digits, as `git hash-object` prints them.
// It finds damage, not forgery: SHA-1 is broken. Errors: kInternal if libcrypto fails.
std::string GitBlobHash(std::span<const std::byte> content);

}  // namespace vecmill

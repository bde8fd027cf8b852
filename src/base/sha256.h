// base/sha256.h: SHA-256 (FIPS 180-4), by libcrypto.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vecmill {

// 64 lower-case hex digits. Errors: kInternal if libcrypto fails.
std::string Sha256Hex(std::span<const std::byte> bytes);

}  // namespace vecmill

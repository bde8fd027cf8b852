// base/hex.h: bytes as hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vecmill {

// Two lower-case digits a byte.
inline std::string Hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += kDigits[std::to_integer<int>(byte) >> 4];
    hex += kDigits[std::to_integer<int>(byte) & 15];
  }
  return hex;
}

}  // namespace vecmill

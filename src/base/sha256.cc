#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace vecmill {

std::string Sha256Hex(std::span<const std::byte> bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int num_bytes = 0;
  VECMILL_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &num_bytes, EVP_sha256(),
                           /*impl=*/nullptr) == 1);
  std::string hex;
  for (unsigned int i = 0; i < num_bytes; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

}  // namespace vecmill

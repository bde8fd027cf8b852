#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "base/hex.h"

namespace vecmill {

std::string Sha256Hex(std::span<const std::byte> bytes) {
  std::byte digest[EVP_MAX_MD_SIZE];
  unsigned int num_bytes = 0;
  VECMILL_CHECK(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest),
                           &num_bytes, EVP_sha256(), /*impl=*/nullptr) == 1);
  return Hex({digest, num_bytes});
}

}  // namespace vecmill

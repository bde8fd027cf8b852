#include "base/git_blob_hash.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/hex.h"

namespace vecmill {

std::string GitBlobHash(std::span<const std::byte> content) {
  const std::string header = "blob " + std::to_string(content.size());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::byte digest[EVP_MAX_MD_SIZE];
  unsigned int num_bytes = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest);
  VECMILL_CHECK(context != nullptr);
  VECMILL_CHECK(EVP_DigestInit_ex(context.get(), EVP_sha1(), /*impl=*/nullptr) == 1);
  // The terminating NUL belongs to what is hashed.
  VECMILL_CHECK(EVP_DigestUpdate(context.get(), header.c_str(), header.size() + 1) == 1);
  VECMILL_CHECK(EVP_DigestUpdate(context.get(), content.data(), content.size()) == 1);
  VECMILL_CHECK(EVP_DigestFinal_ex(context.get(), out, &num_bytes) == 1);
  return Hex({digest, num_bytes});
}

}  // namespace vecmill

#include "base/git_blob_hash.h"

#include <gtest/gtest.h>

#include <string_view>

namespace vecmill {
namespace {

std::string HashOf(std::string_view text) { return GitBlobHash(std::as_bytes(std::span(text))); }

// printf hello | git hash-object --stdin
TEST(GitBlobHash, IsWhatGitPrints) {
  EXPECT_EQ(HashOf(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(HashOf("hello"), "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0");
}

}  // namespace
}  // namespace vecmill

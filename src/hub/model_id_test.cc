#include "hub/model_id.h"

#include <gtest/gtest.h>

namespace vecmill {
namespace {

std::string Parsed(std::string_view text) {
  const std::optional<ModelId> id = ParseModelId(text);
  return id ? id->repository + " " + id->revision : "none";
}

TEST(ModelId, IsOrganisationNameAndRevision) {
  EXPECT_EQ(Parsed("intfloat/e5-small"), "intfloat/e5-small main");
  EXPECT_EQ(Parsed("intfloat/e5-small@v1.0"), "intfloat/e5-small v1.0");
  EXPECT_EQ(Parsed("a/b@refs/pr/1"), "a/b refs/pr/1");
  EXPECT_EQ(Parsed("all-MiniLM-L6-v2"), "sentence-transformers/all-MiniLM-L6-v2 main");
  EXPECT_EQ(Parsed("all-MiniLM-L6-v2@x"), "sentence-transformers/all-MiniLM-L6-v2 x");
}

TEST(ModelId, IsNoPathAndNoOption) {
  for (const char* text : {"",        "/",        "a/",
                           "/a",      "a/b/c",    ".",
                           "..",      "../a",     "a/..",
                           "./a",     "~/a",      "a//b",
                           "-a",      "a-",       "a--b/c",
                           "a/b..c",  "a b",      "a/b@",
                           "a/b@..",  "a/b@../c", "a/b@x/../y",
                           "a/b@/x",  "a/b@x/",   "a/b@x\ny",
                           "a/b@x y", "a/b@x\\y", "s3://bucket/a",
                           "a/b@\x7f"}) {
    EXPECT_EQ(Parsed(text), "none") << text;
  }
  EXPECT_EQ(Parsed("a/" + std::string(94, 'x')), "a/" + std::string(94, 'x') + " main");
  EXPECT_EQ(Parsed("a/" + std::string(95, 'x')), "none");
}

TEST(ModelId, TextLeavesMainOut) {
  EXPECT_EQ(ParseModelId("a/b")->Text(), "a/b");
  EXPECT_EQ(ParseModelId("a/b@v1")->Text(), "a/b@v1");
}

TEST(PathBelow, StaysInItsFolder) {
  for (const char* path : {"a", "a/b", "1_Pooling/config.json", "a..b", ".gitattributes"}) {
    EXPECT_TRUE(IsPathBelow(path)) << path;
  }
  for (const char* path : {"", "/a", "a/", "a//b", "..", "a/..", "../a", "a/../b", ".", "./a",
                           "a\\b", "a\nb", "a\x7f"}) {
    EXPECT_FALSE(IsPathBelow(path)) << path;
  }
  EXPECT_FALSE(IsPathBelow(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsPathBelow(std::string(256, 'a')));
}

TEST(Commit, Is40HexDigits) {
  EXPECT_TRUE(IsCommit("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(IsCommit("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(IsCommit("main"));
}

}  // namespace
}  // namespace vecmill

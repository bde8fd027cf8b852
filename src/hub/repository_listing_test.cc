#include "hub/repository_listing.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";
const std::string kSha256(64, 'a');
const std::string kGit(40, 'b');

std::string Answer(const std::string& siblings) {
  return R"({"id": "a/b", "sha": ")" + kCommit + R"(", "siblings": [)" + siblings + "]}";
}

TEST(RepositoryListing, TakesHashesOfLfsAndGit) {
  const RepositoryListing listing =
      ParseListing(Answer(R"({"rfilename": "config.json", "size": 7, "blobId": ")" + kGit + R"("},
                {"rfilename": "model.safetensors", "size": 130, "blobId": ")" +
                          kGit + R"(", "lfs": {"sha256": ")" + kSha256 +
                          R"(", "size": 900, "pointerSize": 130}})"),
                   "hub");
  EXPECT_EQ(listing.commit, kCommit);
  ASSERT_EQ(listing.files.size(), 2U);
  EXPECT_EQ(listing.files[0].hash, kGit);
  EXPECT_EQ(listing.files[0].size, 7);
  EXPECT_EQ(listing.Find("model.safetensors")->hash, kSha256);
  EXPECT_EQ(listing.Find("model.safetensors")->size, 900);
  EXPECT_EQ(listing.Find("model"), nullptr);
}

TEST(RepositoryListing, FilesMayHaveNoHash) {
  const RepositoryListing listing = ParseListing(Answer(R"({"rfilename": "a"})"), "hub");
  EXPECT_EQ(listing.Find("a")->hash, "");
}

TEST(RepositoryListing, RefusesWhatIsNoListing) {
  const std::string kBad[] = {
      "",
      "<html>",
      "[]",
      R"({"siblings": []})",
      R"({"sha": "main", "siblings": []})",
      R"({"sha": "../../x", "siblings": []})",
      R"({"sha": ")" + kCommit + R"("})",
      Answer("3"),
      Answer(R"({"size": 3})"),
      Answer(R"({"rfilename": 3})"),
      Answer(R"({"rfilename": "a", "size": 3, "blobId": "../../../etc/passwd"})"),
      Answer(R"({"rfilename": "a", "size": "3", "blobId": ")" + kGit + R"("})"),
      Answer(R"({"rfilename": "a", "lfs": {"size": 3, "sha256": "../x"}})"),
      Answer(R"({"rfilename": "a", "lfs": {"size": 3}})"),
      Answer(R"({"rfilename": "a", "lfs": {"size": -3, "sha256": ")" + kSha256 + R"("}})"),
      Answer(R"({"rfilename": "a", "size": -3})"),
  };
  for (const std::string& json : kBad) {
    try {
      ParseListing(json, "hub");
      FAIL() << json;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kCorrupt) << e.what();
      EXPECT_TRUE(std::string_view(e.what()).starts_with("hub")) << e.what();
    }
  }
}

}  // namespace
}  // namespace vecmill

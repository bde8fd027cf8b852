#include "weights/new_folder.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

int64_t NumEntries(const fs::path& path) {
  return std::distance(fs::directory_iterator(path), fs::directory_iterator());
}

TEST(NewFolder, AppearsWhenItIsCommitted) {
  const TempFolder temp;
  NewFolder made(temp / "model/");
  made.Write("a", "content");
  EXPECT_FALSE(fs::exists(temp / "model"));
  made.Commit();
  EXPECT_EQ(ReadBytes(temp / "model/a"), "content");
  EXPECT_EQ(NumEntries(temp.path()), 1);
}

TEST(NewFolder, LeavesNothingBehindWhenItIsNot) {
  const TempFolder temp;
  {
    const NewFolder made(temp / "model");
    made.Write("a", "content");
    EXPECT_EQ(NumEntries(temp.path()), 1);
  }
  EXPECT_EQ(NumEntries(temp.path()), 0);
}

TEST(NewFolder, ReplacesNothing) {
  const TempFolder temp;
  WriteBytes(temp / "file", "mine");
  ExpectError(ErrorCode::kInvalidArgument, {"file: exists already"},
              [&] { NewFolder(temp / "file"); });
  fs::create_symlink("nowhere", temp / "link");
  ExpectError(ErrorCode::kInvalidArgument, {"link: exists already"},
              [&] { NewFolder(temp / "link"); });
  NewFolder late(temp / "model");
  fs::create_directory(temp / "model");
  ExpectError(ErrorCode::kInvalidArgument, {"model: exists already"}, [&] { late.Commit(); });
}

TEST(NewFolder, SaysWhyItCannotBeMade) {
  const TempFolder temp;
  ExpectError(ErrorCode::kIo, {"none/model: cannot make a folder beside it: No such file"},
              [&] { NewFolder(temp / "none/model"); });
  const NewFolder made(temp / "model");
  ExpectError(ErrorCode::kIo, {"model/a/b: cannot create"}, [&] { made.Write("a/b", ""); });
}

}  // namespace
}  // namespace vecmill

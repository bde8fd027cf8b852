#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

class MappedFileTest : public testing::Test {
 protected:
  MappedFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vecmill_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~MappedFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

  static void ExpectError(const std::string& path, ErrorCode code, const std::string& reason) {
    try {
      MappedFile file(path);
      FAIL() << path << " was opened";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      EXPECT_EQ(e.what(), path + ": " + reason);
    }
  }

  std::string folder_;
};

TEST_F(MappedFileTest, ShowsTheBytesOfTheFile) {
  const std::string content("one\0two", 7);
  MappedFile file(Write("file", content));
  EXPECT_EQ(file.path(), Path("file"));
  EXPECT_EQ(file.size(), 7);
  EXPECT_EQ(file.text(), content);
  EXPECT_EQ(file.bytes()[4], std::byte{'t'});
}

TEST_F(MappedFileTest, MovesWithoutUnmapping) {
  MappedFile file(Write("file", "abc"));
  MappedFile moved(std::move(file));
  EXPECT_EQ(moved.text(), "abc");
}

TEST_F(MappedFileTest, AnEmptyFileIsEmpty) {
  MappedFile file(Write("empty", ""));
  EXPECT_EQ(file.size(), 0);
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_EQ(file.text(), "");
}

TEST_F(MappedFileTest, KeepsItsContentWhenTheNameIsReplaced) {
  MappedFile file(Write("file", "old"));
  std::filesystem::rename(Write("new", "new content"), Path("file"));
  EXPECT_EQ(file.text(), "old");
}

TEST_F(MappedFileTest, RefusesWhatIsNotThere) {
  ExpectError(Path("absent"), ErrorCode::kNotFound, "cannot open: No such file or directory");
  ExpectError(Write("file", "") + "/below", ErrorCode::kNotFound, "cannot open: Not a directory");
}

TEST_F(MappedFileTest, RefusesWhatIsNotARegularFile) {
  ExpectError(folder_, ErrorCode::kIo, "a folder, expected a regular file");
  ExpectError("/dev/null", ErrorCode::kIo, "a device, expected a regular file");
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  ExpectError(Path("fifo"), ErrorCode::kIo, "a FIFO, expected a regular file");
}

TEST_F(MappedFileTest, RefusesWhatMayNotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::string path = Write("secret", "abc");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  ExpectError(path, ErrorCode::kIo, "cannot open: Permission denied");
}

}  // namespace
}  // namespace vecmill

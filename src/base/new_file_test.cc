#include "base/new_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "vecmill/error.h"

namespace vecmill {
namespace {

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vecmill_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~NewFileTest() override { std::filesystem::remove_all(folder_); }

  void Write(NewFile& file, const std::string& text) const {
    file.Write(std::as_bytes(std::span(text)));
  }
  std::string Content() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  std::string folder_;
  const std::string path_ = folder_ + "/file";
  const std::string working_ = folder_ + "/file.tmp";
};

TEST_F(NewFileTest, ReplacesItsPredecessorWhenItIsCommitted) {
  std::ofstream(path_) << "old";
  std::ofstream(working_) << "left by a process that was killed";
  NewFile file(path_, working_);
  Write(file, "new ");
  Write(file, "content");
  EXPECT_EQ(Content(), "old");
  file.Commit();
  EXPECT_EQ(Content(), "new content");
  EXPECT_FALSE(std::filesystem::exists(working_));
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(NewFileTest, WhatIsNotCommittedIsRemoved) {
  { const NewFile file(path_, working_); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(NewFileTest, WhatCannotBeWrittenIsAnErrorAndRemoved) {
  EXPECT_THROW(NewFile(folder_ + "/absent/file", folder_ + "/absent/tmp"), Error);
  std::filesystem::create_directory(working_);
  EXPECT_THROW(NewFile(path_, working_), Error);
  std::filesystem::remove(working_);

  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  {
    NewFile file(path_, working_);
    EXPECT_THROW(Write(file, std::string(2000, 'x')), Error);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace vecmill

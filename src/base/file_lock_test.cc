#include "base/file_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "vecmill/error.h"

namespace vecmill {
namespace {

class FileLockTest : public testing::Test {
 protected:
  FileLockTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vecmill_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~FileLockTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  const std::string path_ = folder_ + "/below/lock";
};

// A child tells when it has the lock and then waits to be killed.
TEST_F(FileLockTest, TheEndOfAProcessReleasesIt) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const FileLock lock(path_);
    if (write(ends[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(child, SIGKILL);
  const FileLock lock(path_);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
}

// Else this test would hang.
TEST_F(FileLockTest, AChildForkedMeanwhileDoesNotKeepIt) {
  std::optional<FileLock> lock;
  lock.emplace(path_);
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  lock.reset();
  lock.emplace(path_);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(FileLockTest, WhatCannotBeMadeIsAnError) {
  EXPECT_THROW(FileLock("/dev/null/lock"), Error);
  EXPECT_THROW(FileLock{folder_}, Error);
}

}  // namespace
}  // namespace vecmill

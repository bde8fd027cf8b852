#include "base/per_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <thread>
#include <vector>

namespace vecmill {
namespace {

// Runs `body` in a forked child; true if it returned true there.
template <typename Body>
bool InChild(const Body& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

PerProcess<int> Counting(int& num_made) {
  return PerProcess<int>([&num_made] { return std::make_unique<int>(++num_made); });
}

TEST(PerProcess, MakesItsValueOnceWhenFirstAsked) {
  int num_made = 0;
  const PerProcess<int> value = Counting(num_made);
  EXPECT_EQ(value.Find(), nullptr);
  EXPECT_EQ(num_made, 0);
  EXPECT_EQ(value.Get(), 1);
  EXPECT_EQ(&value.Get(), value.Find());
  EXPECT_EQ(num_made, 1);
}

TEST(PerProcess, AChildMakesItsOwn) {
  int num_made = 0;
  const PerProcess<int> value = Counting(num_made);
  EXPECT_TRUE(InChild([&] { return value.Get() == 1; })) << "nothing was made before";
  EXPECT_EQ(value.Get(), 1);
  EXPECT_TRUE(InChild([&] {
    return value.Find() == nullptr && value.Get() == 2 && value.Get() == 2 &&
           InChild([&] { return value.Get() == 3; });
  }));
  EXPECT_EQ(value.Get(), 1);
}

// The thread's destructor would end the child, or hang, were it run there.
TEST(PerProcess, AChildLeavesItsParentsValueAlone) {
  EXPECT_TRUE(InChild([&] {
    PerProcess<std::jthread> thread([] {
      return std::make_unique<std::jthread>([](const std::stop_token& stop) {
        while (!stop.stop_requested()) std::this_thread::yield();
      });
    });
    thread.Get();
    const pid_t child = fork();
    if (child == 0) {
      thread.~PerProcess();
      _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status == 0;
  }));
}

TEST(PerProcess, ThreadsThatAskAtOnceGetTheSame) {
  const PerProcess<int> value([] { return std::make_unique<int>(7); });
  std::vector<int*> seen(8);
  std::vector<std::jthread> threads;
  for (int*& pointer : seen) threads.emplace_back([&value, &pointer] { pointer = &value.Get(); });
  threads.clear();
  for (int* pointer : seen) EXPECT_EQ(pointer, value.Find());
}

}  // namespace
}  // namespace vecmill

#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <future>
#include <stdexcept>

#include "vecmill/error.h"

namespace vecmill {
namespace {

TEST(ThreadPool, CallsEveryIndexOnce) {
  ThreadPool pool(3);
  EXPECT_EQ(pool.num_threads(), 3);
  for (int64_t count : {0, 1, 2, 3, 1000}) {
    std::vector<std::atomic<int>> calls(static_cast<size_t>(count));
    pool.ParallelFor(count, [&](int64_t i, int worker) {
      ASSERT_TRUE(0 <= worker && worker < 3);
      ++calls[static_cast<size_t>(i)];
    });
    for (auto& n : calls) EXPECT_EQ(n, 1);
  }
}

TEST(ThreadPool, AWorkerRunsOneCallAtATime) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> running(4);
  std::atomic<bool> overlapped = false;
  auto caller = [&] {
    pool.ParallelFor(500, [&](int64_t, int worker) {
      auto& mine = running[static_cast<size_t>(worker)];
      if (++mine != 1) overlapped = true;
      std::this_thread::yield();
      --mine;
    });
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_FALSE(overlapped);
}

TEST(ThreadPool, AllThreadsTakePart) {
  ThreadPool pool(3);
  // Each call waits for the other two: this returns only if three threads run at once.
  std::atomic<int> arrived = 0;
  pool.ParallelFor(3, [&](int64_t, int) {
    ++arrived;
    while (arrived < 3) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 3);
}

TEST(ThreadPool, AnIdleWorkerTakesTheNextLoop) {
  ThreadPool pool(2);
  std::promise<void> first_runs;
  std::promise<void> second_done;
  std::thread first([&] {
    pool.ParallelFor(1, [&](int64_t, int) {
      first_runs.set_value();
      second_done.get_future().wait();
    });
  });
  first_runs.get_future().wait();
  int calls = 0;
  pool.ParallelFor(10, [&](int64_t, int) { ++calls; });  // one worker is left, so no race on calls
  second_done.set_value();
  first.join();
  EXPECT_EQ(calls, 10);
}

TEST(ThreadPool, ServesTheOldestLoopFirst) {
  ThreadPool pool(1);
  std::atomic<bool> second_queued = false;
  std::vector<int> order;
  std::promise<void> first_runs;
  std::thread first([&] {
    pool.ParallelFor(3, [&](int64_t i, int) {
      if (i == 0) {
        first_runs.set_value();
        while (!second_queued) std::this_thread::yield();
      }
      order.push_back(1);
    });
  });
  first_runs.get_future().wait();
  std::thread second([&] {
    second_queued = true;
    pool.ParallelFor(3, [&](int64_t, int) { order.push_back(2); });
  });
  first.join();
  second.join();
  EXPECT_EQ(order, (std::vector<int>{1, 1, 1, 2, 2, 2}));
}

TEST(ThreadPool, RethrowsTheFirstExceptionAndDropsTheRest) {
  ThreadPool pool(1);
  int calls = 0;
  auto loop = [&] {
    pool.ParallelFor(100, [&](int64_t i, int) {
      ++calls;
      if (i == 2) throw std::runtime_error("row 2");
    });
  };
  try {
    loop();
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "row 2");
  }
  EXPECT_EQ(calls, 3);
  pool.ParallelFor(5, [&](int64_t, int) { ++calls; });  // the pool still works
  EXPECT_EQ(calls, 8);
}

TEST(ThreadPool, WaitsForRunningCallsBeforeRethrowing) {
  ThreadPool pool(4);
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> running = 0;
    EXPECT_THROW(pool.ParallelFor(64,
                                  [&](int64_t, int) {
                                    ++running;
                                    std::this_thread::yield();
                                    --running;
                                    throw std::runtime_error("every call fails");
                                  }),
                 std::runtime_error);
    ASSERT_EQ(running, 0);
  }
}

TEST(ThreadPool, ALoopInsideALoopIsOurBug) {
  ThreadPool pool(2);
  try {
    pool.ParallelFor(1, [&](int64_t, int) { pool.ParallelFor(1, [](int64_t, int) {}); });
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
  }
}

TEST(NumUsableCpus, IsAtMostTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_GE(NumUsableCpus(), 1);
  EXPECT_LE(NumUsableCpus(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(NumUsableCpus(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace vecmill

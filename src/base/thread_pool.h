// base/thread_pool.h: a fixed set of worker threads that share loops.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vecmill {

// CPUs this process may use: the affinity mask, cut by the cgroup's CPU quota. At least 1.
int NumUsableCpus();

// Workers that run parallel loops. Thread-safe: loops of concurrent callers are served oldest
// first, and a worker that finds the oldest loop handed out takes indices of the next, so nobody
// waits at the end of a loop. Callers block and do no work themselves.
class ThreadPool {
 public:
  // num_threads >= 1. Errors: kInternal naming the reason if a thread cannot be started.
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const { return static_cast<int>(threads_.size()); }

  // Call fn(index, worker) once for every index in [0, count), worker in [0, num_threads); a worker
  // runs one call at a time. Returns when all calls have returned. If a call throws, indices not
  // yet handed out are dropped and the first exception is rethrown here.
  // REQUIRES: not called from within fn, which could wait for itself. VECMILL_CHECKed.
  void ParallelFor(int64_t count, const std::function<void(int64_t index, int worker)>& fn);

 private:
  struct Loop;

  void Work(int worker);
  void Stop();

  std::mutex mu_;
  std::condition_variable work_or_stop_;
  std::deque<std::shared_ptr<Loop>>
      loops_;                         // guarded by mu_; oldest first, only loops with indices left
  bool stopping_ = false;             // guarded by mu_
  std::vector<std::thread> threads_;  // constant after construction
};

}  // namespace vecmill

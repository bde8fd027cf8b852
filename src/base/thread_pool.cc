// One mutex and a queue of loops; a worker takes one index at a time under the lock. Our indices
// are blocks of rows, milliseconds of work each, so the lock is idle. Work stealing, which pays
// from microseconds down, was not worth its size.
#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <system_error>

#include "base/cgroup.h"
#include "base/check.h"

namespace vecmill {
namespace {

// CPUs of the affinity mask. The kernel refuses (EINVAL) a mask smaller than its own.
int NumAffineCpus() {
  for (int max_cpus = CPU_SETSIZE; max_cpus <= (1 << 20); max_cpus *= 2) {
    std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(max_cpus),
                                                         [](cpu_set_t* p) { CPU_FREE(p); });
    if (!set) throw std::bad_alloc();
    size_t num_bytes = CPU_ALLOC_SIZE(max_cpus);
    if (sched_getaffinity(0, num_bytes, set.get()) == 0) return CPU_COUNT_S(num_bytes, set.get());
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

int NumUsableCpus() {
  int cpus = NumAffineCpus();
  if (std::optional<double> quota = CgroupCpuQuota(); quota && *quota < cpus) {
    cpus = static_cast<int>(std::ceil(*quota));
  }
  return std::max(cpus, 1);
}

struct ThreadPool::Loop {
  int64_t count = 0;
  const std::function<void(int64_t, int)>* fn = nullptr;
  // Guarded by mu_.
  int64_t next = 0;     // indices from here on are not handed out; `count` once the loop is dropped
  int64_t running = 0;  // calls that have not returned
  std::exception_ptr first_error;
  std::condition_variable finished;

  bool handed_out() const { return next == count; }
};

ThreadPool::ThreadPool(int num_threads) {
  VECMILL_CHECK(num_threads >= 1);
  try {
    threads_.reserve(static_cast<size_t>(num_threads));
    for (int worker = 0; worker < num_threads; ++worker) {
      threads_.emplace_back([this, worker] { Work(worker); });
    }
  } catch (const std::system_error& e) {
    const size_t started = threads_.size();
    Stop();
    throw Error(ErrorCode::kInternal, "thread pool: the system started " + std::to_string(started) +
                                          " of " + std::to_string(num_threads) +
                                          " threads: " + e.what() + ". Ask for fewer threads.");
  }
}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Stop() {
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
  }
  work_or_stop_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadPool::ParallelFor(int64_t count, const std::function<void(int64_t, int)>& fn) {
  for (const std::thread& thread : threads_) {
    VECMILL_CHECK(thread.get_id() != std::this_thread::get_id());
  }
  if (count <= 0) return;
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  loop->fn = &fn;
  std::unique_lock lock(mu_);
  loops_.push_back(loop);
  work_or_stop_.notify_all();
  loop->finished.wait(lock, [&] { return loop->handed_out() && loop->running == 0; });
  if (loop->first_error) std::rethrow_exception(loop->first_error);
}

void ThreadPool::Work(int worker) {
  std::unique_lock lock(mu_);
  while (true) {
    work_or_stop_.wait(lock, [&] { return stopping_ || !loops_.empty(); });
    if (loops_.empty()) return;
    std::shared_ptr<Loop> loop = loops_.front();
    const int64_t index = loop->next++;
    if (loop->handed_out()) loops_.pop_front();
    ++loop->running;
    lock.unlock();
    std::exception_ptr error;
    try {
      (*loop->fn)(index, worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --loop->running;
    if (error && !loop->first_error) {
      loop->first_error = error;
      if (!loop->handed_out()) std::erase(loops_, loop);
      loop->next = loop->count;
    }
    if (loop->handed_out() && loop->running == 0) loop->finished.notify_one();
  }
}

}  // namespace vecmill

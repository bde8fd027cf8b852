// run/bounded_queue.h: hands things from one thread to another, in order, a few at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace vecmill {

// One thread pushes, one pops. Either may close: then Push refuses, and Pop gives what is left.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(int64_t capacity) : capacity_(static_cast<size_t>(capacity)) {}

  // Wait for room, then append. False if the queue was closed; the value is dropped.
  bool Push(T value) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return closed_ || values_.size() < capacity_; });
    if (closed_) return false;
    values_.push_back(std::move(value));
    changed_.notify_all();
    return true;
  }

  // Wait for a value and take it; nullopt once the queue is closed and empty.
  std::optional<T> Pop() {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return closed_ || !values_.empty(); });
    if (values_.empty()) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    changed_.notify_all();
    return value;
  }

  void Close() {
    const std::lock_guard lock(mu_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const size_t capacity_;
  std::mutex mu_;
  std::condition_variable changed_;
  std::deque<T> values_;  // guarded by mu_
  bool closed_ = false;   // guarded by mu_
};

}  // namespace vecmill

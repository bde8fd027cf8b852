// base/per_process.h: a value that a forked child must not share with its parent.
//
// Only the thread that forks lives on in the child. Threads, locks and memory that another thread
// was changing are lost to it, so the child makes its own, when it first needs them. Nothing is
// done while forking, which therefore cannot hang. Tested by per_process_test.cc.
#pragma once

#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace vecmill {

template <typename T>
class PerProcess {
 public:
  // `make` is called once in each process, by the first Get there; of several first ones at once,
  // each may call it, and one result stays.
  explicit PerProcess(std::function<std::unique_ptr<T>()> make) : make_(std::move(make)) {}

  // What another process made is left alone: to destroy it could wait for threads that are not
  // there.
  ~PerProcess() {
    const Made* made = made_.load();
    if (made != nullptr && made->process == getpid()) delete made;
  }
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

  // This process's value, made if it has none yet. Thread-safe. Errors: those of `make`.
  T& Get() const {
    const pid_t process = getpid();
    const Made* made = made_.load();
    while (made == nullptr || made->process != process) {
      auto fresh = std::make_unique<const Made>(process, make_());
      if (made_.compare_exchange_strong(made, fresh.get())) made = fresh.release();
    }
    return *made->value;
  }

  // This process's value, or nullptr if it has none yet.
  T* Find() const {
    const Made* made = made_.load();
    return made != nullptr && made->process == getpid() ? made->value.get() : nullptr;
  }

 private:
  struct Made {
    Made(pid_t p, std::unique_ptr<T> v) : process(p), value(std::move(v)) {}
    pid_t process;
    std::unique_ptr<T> value;
  };

  const std::function<std::unique_ptr<T>()> make_;
  mutable std::atomic<const Made*> made_ = nullptr;
};

}  // namespace vecmill

// hub/transfer_meter.h: how far the fetching of several files is.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "base/stopwatch.h"

namespace vecmill {

struct TransferProgress {
  int64_t bytes = 0;  // that are there, fetched or found
  int64_t total_bytes = 0;
  int64_t fetched_bytes = 0;  // that came over the network
  int64_t files = 0;          // that are whole
  int64_t total_files = 0;
  double seconds = 0;  // since the first byte was asked for
};

using TransferProgressFn = std::function<void(const TransferProgress&)>;

// Thread-safe; calls `on_progress` from any thread, one at a time.
class TransferMeter {
 public:
  explicit TransferMeter(TransferProgressFn on_progress) : on_progress_(std::move(on_progress)) {}

  void Expect(int64_t files, int64_t bytes) {
    Update([&](TransferProgress& p) {
      p.total_files += files;
      p.total_bytes += bytes;
    });
  }
  void Fetched(int64_t bytes) {
    Update([&](TransferProgress& p) {
      p.bytes += bytes;
      p.fetched_bytes += bytes;
    });
  }
  // Bytes that were there already; negative for such as turned out to be wrong.
  void Found(int64_t bytes) {
    Update([&](TransferProgress& p) { p.bytes += bytes; });
  }
  void FileDone() {
    Update([](TransferProgress& p) { ++p.files; });
  }
  TransferProgress progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
  }

 private:
  template <typename Change>
  void Update(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(progress_);
    progress_.seconds = watch_.Seconds();
    on_progress_(progress_);
  }

  mutable std::mutex mutex_;
  TransferProgress progress_;
  const Stopwatch watch_;
  const TransferProgressFn on_progress_;
};

}  // namespace vecmill

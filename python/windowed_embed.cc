#include "python/windowed_embed.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace vecmill {
namespace {

// About two seconds of a small model on two cores: soon enough to stop, and long enough that the
// end of a window, where workers have different amounts of work left, does not show.
constexpr int64_t kWindowBytes = 64 << 10;
constexpr int64_t kWindowRows = 16384;
constexpr int kWindowsAtOnce = 2;
constexpr std::chrono::milliseconds kTick{100};

struct Window {
  int64_t begin = 0;
  int64_t end = 0;
  Embeddings made;
};

std::vector<Window> CutWindows(std::span<const TextRow> rows) {
  std::vector<Window> windows;
  int64_t bytes = 0;
  for (int64_t i = 0; i < std::ssize(rows); ++i) {
    if (windows.empty() || bytes >= kWindowBytes || i - windows.back().begin >= kWindowRows) {
      windows.push_back({.begin = i, .end = i, .made = {}});
      bytes = 0;
    }
    windows.back().end = i + 1;
    bytes +=
        rows[static_cast<size_t>(i)].has_value() ? std::ssize(*rows[static_cast<size_t>(i)]) : 0;
  }
  return windows;
}

// Hands out windows to the threads that embed them.
class Run {
 public:
  Run(Embedder& embedder, std::span<const TextRow> rows)
      : embedder_(embedder), rows_(rows), windows_(CutWindows(rows)) {}

  void Watch(const std::function<void(int64_t)>& tick) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kWindowsAtOnce; ++i) threads.emplace_back([this] { Work(); });
    std::exception_ptr stopped;
    std::unique_lock lock(mu_);
    while (num_ended_ < kWindowsAtOnce) {
      changed_.wait_for(lock, kTick);
      if (stopped) continue;
      const int64_t done = rows_done_;
      lock.unlock();
      try {
        tick(done);
      } catch (...) {
        stopped = std::current_exception();
      }
      lock.lock();
      if (stopped) next_ = windows_.size();
    }
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
    if (stopped) std::rethrow_exception(stopped);
    if (error_) std::rethrow_exception(error_);
  }

  std::vector<Window>& windows() { return windows_; }

 private:
  void Work() {
    std::unique_lock lock(mu_);
    while (next_ < windows_.size()) {
      Window& window = windows_[next_++];
      lock.unlock();
      std::exception_ptr error;
      try {
        window.made = embedder_.Embed(rows_.subspan(
            static_cast<size_t>(window.begin), static_cast<size_t>(window.end - window.begin)));
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      rows_done_ += window.end - window.begin;
      if (error) {
        if (!error_) error_ = error;
        next_ = windows_.size();
      }
    }
    ++num_ended_;
    changed_.notify_one();
  }

  Embedder& embedder_;
  const std::span<const TextRow> rows_;
  std::mutex mu_;
  std::condition_variable changed_;
  // Guarded by mu_; a window that was handed out belongs to its thread.
  std::vector<Window> windows_;
  size_t next_ = 0;
  int64_t rows_done_ = 0;
  int num_ended_ = 0;
  std::exception_ptr error_;
};

void Append(Embeddings::Column& window, Embeddings::Column& all) {
  const int64_t num_vectors = all.offsets.empty() ? 0 : all.offsets.back();
  for (size_t i = all.offsets.empty() ? 0 : 1; i < window.offsets.size(); ++i) {
    all.offsets.push_back(num_vectors + window.offsets[i]);
  }
  all.values.insert(all.values.end(), window.values.begin(), window.values.end());
  window = {};
}

}  // namespace

Embeddings EmbedInWindows(Embedder& embedder, std::span<const TextRow> rows,
                          const std::function<void(int64_t)>& tick) {
  Run run(embedder, rows);
  if (run.windows().size() <= 1) {
    Embeddings made = embedder.Embed(rows);
    tick(std::ssize(rows));
    return made;
  }
  run.Watch(tick);
  Embeddings all;
  const std::vector<ColumnDescription>& columns = embedder.description().columns;
  all.columns.resize(columns.size());
  all.accounts.reserve(rows.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].per_token()) continue;
    all.columns[c].values.reserve(rows.size() * static_cast<size_t>(columns[c].dim));
  }
  for (Window& window : run.windows()) {
    all.accounts.insert(all.accounts.end(), window.made.accounts.begin(),
                        window.made.accounts.end());
    for (size_t c = 0; c < columns.size(); ++c) Append(window.made.columns[c], all.columns[c]);
  }
  return all;
}

}  // namespace vecmill

// run/pipeline.h: windows of rows from a source through the embedder to a sink, overlapped.
//
//   caller's thread     reads window 4
//   window threads      wait for windows 2 and 3 (tokenized and computed by the embedder's workers)
//   sink thread         writes window 1
//
// Two windows are with the embedder at any time, so that its workers find work in the second when
// the first ends. At most four windows exist at once: memory does not grow with the rows.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "run/bounded_queue.h"
#include "vecmill/embedder.h"

namespace vecmill {

// Rows that are embedded together. `owner` keeps the texts alive and is handed on to the sink.
template <typename Owner>
struct Window {
  Owner owner;
  std::vector<TextRow> rows;
  std::vector<TextSpan> spans;  // of the rows, that vectors are made of; empty: rows are whole
};

// A window with its results.
template <typename Owner>
struct EmbeddedWindow {
  Window<Owner> window;
  Embeddings made;
};

// Call `source` until it gives nullopt or `stop` is set, embed each window, and call `sink` with
// the results in the order of the source. The sink runs on a thread of its own, one call at a time.
// Errors: the first exception of source, embedder or sink, after all threads have ended.
template <typename Owner>
void RunPipeline(Embedder& embedder, const std::atomic<bool>& stop,
                 const std::function<std::optional<Window<Owner>>()>& source,
                 const std::function<void(EmbeddedWindow<Owner>)>& sink) {
  using Result = std::future<EmbeddedWindow<Owner>>;
  constexpr int64_t kWaitingWindows = 1;
  BoundedQueue<Result> queue(kWaitingWindows);

  std::exception_ptr sink_failure;
  std::thread sink_thread([&] {
    try {
      while (std::optional<Result> result = queue.Pop()) sink(result->get());
    } catch (...) {
      sink_failure = std::current_exception();
      queue.Close();
    }
  });

  std::exception_ptr source_failure;
  try {
    while (!stop) {
      std::optional<Window<Owner>> window = source();
      if (!window) break;
      Result result = std::async(std::launch::async, [&embedder, w = std::move(*window)]() mutable {
        EmbeddedWindow<Owner> done{.window = std::move(w), .made = {}};
        const Window<Owner>& rows = done.window;
        done.made = rows.spans.empty() ? embedder.Embed(rows.rows)
                                       : embedder.EmbedSpans(rows.rows, rows.spans);
        return done;
      });
      if (!queue.Push(std::move(result))) break;
    }
  } catch (...) {
    source_failure = std::current_exception();
  }
  queue.Close();
  sink_thread.join();
  if (sink_failure) std::rethrow_exception(sink_failure);
  if (source_failure) std::rethrow_exception(source_failure);
}

}  // namespace vecmill

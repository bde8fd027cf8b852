// run/chunked_pipeline.h: windows of rows through the embedder, long ones cut into chunks.
//
// A window's rows are cut, and their chunks go through the pipeline in windows of their own, each
// of a bounded number of chunks: so a row of any length takes little memory beside its text. Behind
// the embedder the chunks' vectors are put together to the row's, or each becomes a row.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/chunk_pooler.h"
#include "run/pipeline.h"
#include "table/row_parts.h"

namespace vecmill {

// Some of the chunks of a window's rows, in order. A null row has one without a span.
template <typename Owner>
struct CutRows {
  std::shared_ptr<const Window<Owner>> window;
  int64_t row_begin = 0;  // rows of all windows before
  std::vector<RowPart> chunks;
  bool ends_window = false;
};

// The most that a window of chunks may hold. One chunk it holds always.
template <typename Owner>
struct ChunkWindowLimits {
  int64_t max_chunks = 0;
  // What each chunk of a row takes beside its text, asked for rows of several chunks.
  std::function<int64_t(const Owner& owner, int64_t row)> row_bytes;
  int64_t max_bytes = 32 << 20;
};

// From a source of windows of rows to one of windows of chunks. Not thread-safe.
template <typename Owner>
class RowCutter {
 public:
  using Source = std::function<std::optional<Window<Owner>>()>;

  // `embedder` is borrowed and was loaded with EmbedderOptions::chunks.
  RowCutter(Embedder& embedder, Source source, ChunkWindowLimits<Owner> limits)
      : embedder_(embedder), source_(std::move(source)), limits_(std::move(limits)) {}

  std::optional<Window<CutRows<Owner>>> Next() {
    if (!window_ && !NextWindow()) return std::nullopt;
    Window<CutRows<Owner>> cut = {.owner = {.window = window_, .row_begin = row_begin_}};
    int64_t num_bytes = 0;
    while (row_ < num_rows()) {
      const bool is_first = cut.rows.empty();
      const int64_t row_bytes = Chunks(row_).size() > 1 ? RowBytes() : 0;
      const bool is_full = static_cast<int64_t>(cut.rows.size()) >= limits_.max_chunks ||
                           num_bytes + row_bytes > limits_.max_bytes;
      if (is_full && !is_first) break;
      num_bytes += row_bytes;
      Take(cut);
    }
    cut.owner.ends_window = row_ == num_rows();
    if (cut.owner.ends_window) {
      row_begin_ += num_rows();
      window_.reset();
    }
    return cut;
  }

 private:
  int64_t num_rows() const { return static_cast<int64_t>(window_->rows.size()); }
  const std::vector<TextSpan>& Chunks(int64_t row) const {
    return chunks_[static_cast<size_t>(row)];
  }

  bool NextWindow() {
    std::optional<Window<Owner>> window = source_();
    if (!window) return false;
    window_ = std::make_shared<const Window<Owner>>(std::move(*window));
    chunks_ = embedder_.CutIntoChunks(window_->rows);
    row_ = 0;
    chunk_ = 0;
    row_bytes_.reset();
    return true;
  }

  int64_t RowBytes() {
    if (!row_bytes_) row_bytes_ = limits_.row_bytes ? limits_.row_bytes(window_->owner, row_) : 0;
    return *row_bytes_;
  }

  // Append the next chunk.
  void Take(Window<CutRows<Owner>>& cut) {
    const TextRow& text = window_->rows[static_cast<size_t>(row_)];
    RowPart part = {.row = row_, .part = chunk_, .span = std::nullopt};
    TextRow chunk_text;
    if (text) {
      part.num_parts = static_cast<int32_t>(Chunks(row_).size());
      const TextSpan span = Chunks(row_)[static_cast<size_t>(chunk_)];
      part.span = span;
      chunk_text =
          text->substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin));
    }
    cut.owner.chunks.push_back(part);
    cut.rows.push_back(chunk_text);
    ++chunk_;
    if (chunk_ < static_cast<int64_t>(Chunks(row_).size())) return;
    ++row_;
    chunk_ = 0;
    row_bytes_.reset();
  }

  Embedder& embedder_;
  const Source source_;
  const ChunkWindowLimits<Owner> limits_;
  std::shared_ptr<const Window<Owner>> window_;
  std::vector<std::vector<TextSpan>> chunks_;  // of window_, by row
  int64_t row_begin_ = 0;                      // rows of all windows before window_
  int64_t row_ = 0;                            // the next chunk's
  int32_t chunk_ = 0;
  std::optional<int64_t> row_bytes_;  // of row_, once asked for
};

// RunPipeline over the chunks of the rows that `source` gives: `sink` gets windows of chunks.
template <typename Owner>
void RunChunkedPipeline(Embedder& embedder, const std::atomic<bool>& stop,
                        const ChunkWindowLimits<Owner>& limits,
                        const std::function<std::optional<Window<Owner>>()>& source,
                        const std::function<void(EmbeddedWindow<CutRows<Owner>>)>& sink) {
  RowCutter<Owner> cutter(embedder, source, limits);
  RunPipeline<CutRows<Owner>>(
      embedder, stop, [&] { return cutter.Next(); },
      [&](EmbeddedWindow<CutRows<Owner>> done) {
        // The row's first chunk stands for the row, the others for none.
        for (size_t i = 0; i < done.made.accounts.size(); ++i) {
          const RowPart& chunk = done.window.owner.chunks[i];
          done.made.accounts[i].num_chunks = chunk.part == 0 ? chunk.num_parts : 0;
        }
        sink(std::move(done));
      });
}

// The same with the vectors of a row's chunks put together: `sink` gets the windows of `source`.
// REQUIRES: ChunkPooler::CheckColumns passes for the embedder's columns.
template <typename Owner>
void RunPooledPipeline(Embedder& embedder, const std::atomic<bool>& stop,
                       const ChunkWindowLimits<Owner>& limits,
                       const std::function<std::optional<Window<Owner>>()>& source,
                       const std::function<void(EmbeddedWindow<Owner>)>& sink) {
  std::optional<ChunkPooler> pooler;
  RunChunkedPipeline<Owner>(embedder, stop, limits, source,
                            [&](EmbeddedWindow<CutRows<Owner>> done) {
                              const CutRows<Owner>& cut = done.window.owner;
                              if (!pooler) {
                                pooler.emplace(embedder.description().columns,
                                               static_cast<int64_t>(cut.window->rows.size()));
                              }
                              for (size_t i = 0; i < cut.chunks.size(); ++i) {
                                pooler->Add(cut.chunks[i].row, done.made, static_cast<int64_t>(i));
                              }
                              if (!cut.ends_window) return;
                              sink({.window = *cut.window, .made = pooler->Finish()});
                              pooler.reset();
                            });
}

}  // namespace vecmill

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

  // The text of chunk `i`, nullopt of a null row.
  TextRow TextOf(size_t i) const {
    const RowPart& chunk = chunks[i];
    const TextRow& text = window->rows[static_cast<size_t>(chunk.row)];
    if (!text) return std::nullopt;
    return text->substr(static_cast<size_t>(chunk.span->begin),
                        static_cast<size_t>(chunk.span->end - chunk.span->begin));
  }
};

// The most that a window of chunks may hold. Chunks that go through the network together it holds
// always.
template <typename Owner>
struct ChunkWindowLimits {
  int64_t max_chunks = 0;
  // What each chunk of a row takes beside its text, asked for rows of several chunks.
  std::function<int64_t(const Owner& owner, int64_t row)> row_bytes;
  int64_t max_bytes = 32 << 20;
};

// From a source of windows of rows to one of windows of chunks: their texts, or, of embedders with
// ChunkContext::kRow, their contexts and where in those they are. Not thread-safe.
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
      const bool is_first = cut.rows.empty() || ContinuesPass();
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
  const std::vector<TextChunk>& Chunks(int64_t row) const {
    return chunks_[static_cast<size_t>(row)];
  }
  // Whether the next chunk goes through the network with the one before.
  bool ContinuesPass() const { return chunk_ > 0 && !BeginsPass(static_cast<size_t>(chunk_)); }
  bool BeginsPass(size_t chunk) const {
    const std::vector<TextChunk>& chunks = Chunks(row_);
    return chunk == 0 || !(chunks[chunk].context == chunks[chunk - 1].context);
  }
  int32_t NumPasses() const {
    int32_t num_passes = 0;
    for (size_t i = 0; i < Chunks(row_).size(); ++i) num_passes += BeginsPass(i) ? 1 : 0;
    return num_passes;
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
    TextChunk chunk;
    TextRow context;
    if (text) {
      part.num_parts = static_cast<int32_t>(Chunks(row_).size());
      chunk = Chunks(row_)[static_cast<size_t>(chunk_)];
      part.span = chunk.span;
      if (chunk_ > 0 && !ContinuesPass()) ++pass_;
      part.pass = pass_;
      if (chunk_ == 0) part.num_passes = NumPasses();
      context = text->substr(static_cast<size_t>(chunk.context.begin),
                             static_cast<size_t>(chunk.context.end - chunk.context.begin));
    }
    cut.owner.chunks.push_back(part);
    cut.rows.push_back(context);
    if (gives_spans_) {
      const int64_t begin = chunk.context.begin;
      cut.spans.push_back({chunk.span.begin - begin, chunk.span.end - begin});
    }
    ++chunk_;
    if (chunk_ < static_cast<int64_t>(Chunks(row_).size())) return;
    ++row_;
    chunk_ = 0;
    pass_ = 0;
    row_bytes_.reset();
  }

  Embedder& embedder_;
  const bool gives_spans_ = embedder_.description().chunk_context == ChunkContext::kRow;
  const Source source_;
  const ChunkWindowLimits<Owner> limits_;
  std::shared_ptr<const Window<Owner>> window_;
  std::vector<std::vector<TextChunk>> chunks_;  // of window_, by row
  int64_t row_begin_ = 0;                       // rows of all windows before window_
  int64_t row_ = 0;                             // the next chunk's
  int32_t chunk_ = 0;
  int32_t pass_ = 0;                  // of the row's, the chunk before
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
          done.made.accounts[i].num_passes = chunk.part == 0 ? chunk.num_passes : 0;
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

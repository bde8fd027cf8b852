// Arrow's own streaming readers cut blocks too, but refuse a row longer than the block size and
// name rows only within a block. Cutting here keeps memory at one block plus the longest row.
#include "table/row_blocks.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "table/arrow_status.h"

namespace vecmill {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

RowBlocks::RowBlocks(std::shared_ptr<arrow::io::InputStream> stream, Options options)
    : stream_(std::move(stream)),
      options_(std::move(options)),
      pending_(
          ValueOrThrow(arrow::AllocateResizableBuffer(0), options_.where, ErrorCode::kInternal)) {}

std::shared_ptr<arrow::Buffer> RowBlocks::Next() {
  while (!at_end_ && (pending_->size() < options_.block_bytes || rows_end_ == 0)) {
    if (pending_->size() - rows_end_ > options_.max_row_bytes) {
      throw Error(ErrorCode::kUnsupported,
                  options_.where + ": no row end within " + std::to_string(options_.max_row_bytes) +
                      " bytes" + (options_.csv_delimiter ? "; a quote may not be closed" : ""));
    }
    at_end_ = Read() == 0;
    FindRowEnds();
  }
  const int64_t block_bytes = at_end_ ? pending_->size() : rows_end_;
  return block_bytes == 0 ? nullptr : Cut(block_bytes);
}

// Append to pending_: what fills a block, or as much again when a row is longer than that.
int64_t RowBlocks::Read() {
  const int64_t old_size = pending_->size();
  const int64_t wanted = std::max(options_.block_bytes - old_size, std::max(old_size, int64_t{1}));
  ThrowIfError(pending_->Resize(old_size + wanted, /*shrink_to_fit=*/false), options_.where,
               ErrorCode::kInternal);
  const int64_t num_read = ValueOrThrow(stream_->Read(wanted, pending_->mutable_data() + old_size),
                                        options_.where + ": cannot read", ErrorCode::kCorrupt);
  ThrowIfError(pending_->Resize(old_size + num_read, /*shrink_to_fit=*/false), options_.where,
               ErrorCode::kInternal);
  return num_read;
}

void RowBlocks::FindRowEnds() {
  const auto* text = reinterpret_cast<const char*>(pending_->data());
  const int64_t size = pending_->size();
  if (!options_.csv_delimiter) {
    const std::string_view fresh(text + scanned_, static_cast<size_t>(size - scanned_));
    const size_t newline = fresh.rfind('\n');
    if (newline != std::string_view::npos) rows_end_ = scanned_ + static_cast<int64_t>(newline) + 1;
    scanned_ = size;
    return;
  }
  const char delimiter = *options_.csv_delimiter;
  State state = state_;
  for (int64_t i = scanned_; i < size; ++i) {
    const char c = text[i];
    if (state == State::kQuoted) {
      if (c == '"') state = State::kQuoteInQuoted;
    } else if (c == '"' && state != State::kUnquoted) {
      state = State::kQuoted;  // at the field's begin, or the second of two quotes
    } else if (c == '\n') {
      state = State::kFieldBegin;
      rows_end_ = i + 1;
    } else {
      state = c == delimiter ? State::kFieldBegin : State::kUnquoted;
    }
  }
  state_ = state;
  scanned_ = size;
}

// Hand out the first num_bytes of pending_ and keep the rest.
std::shared_ptr<arrow::Buffer> RowBlocks::Cut(int64_t num_bytes) {
  const int64_t rest = pending_->size() - num_bytes;
  std::shared_ptr<arrow::ResizableBuffer> next =
      ValueOrThrow(arrow::AllocateResizableBuffer(rest), options_.where, ErrorCode::kInternal);
  if (rest > 0) {
    std::memcpy(next->mutable_data(), pending_->data() + num_bytes, static_cast<size_t>(rest));
  }
  std::shared_ptr<arrow::Buffer> block = arrow::SliceBuffer(pending_, 0, num_bytes);
  pending_ = std::move(next);
  scanned_ -= num_bytes;
  rows_end_ = 0;

  if (at_begin_ && block->size() >= 3 &&
      std::memcmp(block->data(), kByteOrderMark.data(), 3) == 0) {
    block = arrow::SliceBuffer(block, 3);
  }
  at_begin_ = false;
  return block;
}

}  // namespace vecmill

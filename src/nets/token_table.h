// nets/token_table.h: what a network makes of a token alone, kept for the next time it comes.
//
// A table of rows [width] by token id, filled as tokens come until it is full. Nothing is ever put
// out: the tokens of a text come often or hardly ever, so those that come first are mostly those
// that come often. Memory is taken as it is filled.
// Threads: any number may use a table at once. A row that is there never changes.
// Tested by token_table_test.cc.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"

namespace vecmill {

class TokenTable {
 public:
  // For ids below `vocab`, with room for max_rows of them. Errors: std::bad_alloc.
  TokenTable(int64_t vocab, int64_t width, int64_t max_rows);

  // The row of `id`, or nullptr.
  const float* Find(int32_t id) const;

  // Where to write the row of `id`, followed by Publish(id); nullptr if the table is full or a
  // thread has claimed the row already.
  float* Claim(int32_t id);
  void Publish(int32_t id);

  int64_t max_bytes() const { return rows_.size() * static_cast<int64_t>(sizeof(float)); }

 private:
  // States of an id other than the place of its row: 0, 1, 2, ...
  static constexpr int32_t kAbsent = -1;
  // Claimed, at the place kFirstClaimed - state.
  static constexpr int32_t kFirstClaimed = -2;

  const int64_t width_;
  const int32_t max_rows_;
  std::vector<std::atomic<int32_t>> states_;  // [vocab]
  std::atomic<int32_t> num_rows_ = 0;         // claimed or there
  AlignedBuffer<float> rows_;                 // [max_rows, width]
};

}  // namespace vecmill

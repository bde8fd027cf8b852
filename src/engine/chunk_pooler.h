// engine/chunk_pooler.h: the vectors of a row's chunks put together to the row's.
//
//   sum of n_i v_i / sum of n_i, then scaled to unit length if the column's vectors are
//
// v_i is the vector of chunk i as Embed made it, n_i are its tokens, special tokens and prompt
// included. A row of one chunk has that chunk's vector, bit for bit.
//
// Numerics: sums in f64, in the chunks' order.
#pragma once

#include <cstdint>
#include <vector>

#include "vecmill/embedder.h"

namespace vecmill {

// Not thread-safe.
class ChunkPooler {
 public:
  // Errors: kInvalidArgument if one of `columns` has a vector for each token.
  static void CheckColumns(const std::vector<ColumnDescription>& columns);

  // For `num_rows` rows. `columns` is borrowed. REQUIRES: CheckColumns passes.
  ChunkPooler(const std::vector<ColumnDescription>& columns, int64_t num_rows);

  // The next chunk of row `row` is number `i` of `chunks`. Rows come in their order, each with one
  // chunk at least; a null row has one that is null.
  void Add(int64_t row, const Embeddings& chunks, int64_t i);

  // The rows' vectors, and what became of all chunks of each: num_chunks, tokens added up,
  // truncated and invalid_utf8 if one was, duplicate if all were. Nothing can be added any more.
  Embeddings Finish();

 private:
  float* VectorOf(int64_t row, size_t column);
  void EndRow();

  const std::vector<ColumnDescription>& columns_;
  Embeddings rows_;
  int64_t row_ = -1;                       // the one at hand
  int64_t num_tokens_ = 0;                 // of its chunks
  std::vector<std::vector<double>> sums_;  // of it, by column, where it has several chunks
};

}  // namespace vecmill

#include "engine/chunk_pooler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "ops/pooling.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

void Merge(const RowAccount& chunk, RowAccount& row) {
  if (row.num_chunks == 0) {
    row = chunk;
    row.num_chunks = 1;
    return;
  }
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  row.num_tokens += std::min(chunk.num_tokens, kMax - row.num_tokens);
  row.computed_tokens += std::min(chunk.computed_tokens, kMax - row.computed_tokens);
  row.computed_chunks += chunk.computed_chunks;
  row.truncated |= chunk.truncated;
  row.invalid_utf8 |= chunk.invalid_utf8;
  row.duplicate &= chunk.duplicate;
  ++row.num_chunks;
}

}  // namespace

void ChunkPooler::CheckColumns(const std::vector<ColumnDescription>& columns) {
  for (const ColumnDescription& column : columns) {
    if (!column.per_token()) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "chunks: column '" + column.name +
                    "' has a vector for each token, which are not put together to one of the row; "
                    "give each chunk a row (--chunks rows)");
  }
}

ChunkPooler::ChunkPooler(const std::vector<ColumnDescription>& columns, int64_t num_rows)
    : columns_(columns) {
  for (const ColumnDescription& column : columns) {
    rows_.columns.emplace_back().values.resize(static_cast<size_t>(num_rows * column.dim));
    sums_.emplace_back(static_cast<size_t>(column.dim));
  }
  rows_.accounts.assign(static_cast<size_t>(num_rows), {.num_chunks = 0});
}

float* ChunkPooler::VectorOf(int64_t row, size_t column) {
  return rows_.columns[column].values.data() + row * columns_[column].dim;
}

void ChunkPooler::Add(int64_t row, const Embeddings& chunks, int64_t i) {
  VECMILL_CHECK(row == row_ || row == row_ + 1);
  if (row != row_) EndRow();
  row_ = row;
  RowAccount& account = rows_.accounts[static_cast<size_t>(row)];
  const RowAccount& of_chunk = chunks.accounts[static_cast<size_t>(i)];
  for (size_t c = 0; c < columns_.size(); ++c) {
    const int64_t dim = columns_[c].dim;
    const float* src = chunks.columns[c].values.data() + i * dim;
    float* first = VectorOf(row, c);
    std::vector<double>& sum = sums_[c];
    if (account.num_chunks == 0) {
      std::copy_n(src, dim, first);
      continue;
    }
    if (account.num_chunks == 1) {
      for (int64_t j = 0; j < dim; ++j) {
        sum[static_cast<size_t>(j)] = static_cast<double>(account.num_tokens) * double{first[j]};
      }
    }
    for (int64_t j = 0; j < dim; ++j) {
      sum[static_cast<size_t>(j)] += static_cast<double>(of_chunk.num_tokens) * double{src[j]};
    }
  }
  Merge(of_chunk, account);
  num_tokens_ = (account.num_chunks == 1 ? 0 : num_tokens_) + of_chunk.num_tokens;
}

void ChunkPooler::EndRow() {
  if (row_ < 0 || rows_.accounts[static_cast<size_t>(row_)].num_chunks == 1) return;
  for (size_t c = 0; c < columns_.size(); ++c) {
    float* dst = VectorOf(row_, c);
    for (int64_t j = 0; j < columns_[c].dim; ++j) {
      dst[j] =
          static_cast<float>(sums_[c][static_cast<size_t>(j)] / static_cast<double>(num_tokens_));
    }
    if (columns_[c].normalized) L2Normalize(dst, columns_[c].dim);
  }
}

Embeddings ChunkPooler::Finish() {
  VECMILL_CHECK(row_ + 1 == static_cast<int64_t>(rows_.accounts.size()));
  EndRow();
  return std::move(rows_);
}

}  // namespace vecmill

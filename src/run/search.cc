#include "run/search.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "engine/quantizer.h"
#include "run/table_footer.h"
#include "table/input_files.h"
#include "table/table_reader.h"
#include "vecmill/embedder.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int64_t kChunkRows = 8192;

float Dot(const float* a, const float* b, int64_t dim) {
  float sum = 0;
  for (int64_t i = 0; i < dim; ++i) sum += a[i] * b[i];
  return sum;
}

// 0 for the zero vector, which has no direction.
float Cosine(const float* a, const float* b, int64_t dim) {
  const float norms = std::sqrt(Dot(a, a, dim) * Dot(b, b, dim));
  return norms > 0 ? Dot(a, b, dim) / norms : 0;
}

float MinusEuclidean(const float* a, const float* b, int64_t dim) {
  float sum = 0;
  for (int64_t i = 0; i < dim; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return -std::sqrt(sum);
}

float MinusManhattan(const float* a, const float* b, int64_t dim) {
  float sum = 0;
  for (int64_t i = 0; i < dim; ++i) sum += std::abs(a[i] - b[i]);
  return -sum;
}

using SimilarityFn = float (*)(const float* a, const float* b, int64_t dim);

SimilarityFn FunctionOf(Similarity similarity) {
  switch (similarity) {
    case Similarity::kCosine:
      return Cosine;
    case Similarity::kDot:
      return Dot;
    case Similarity::kEuclidean:
      return MinusEuclidean;
    case Similarity::kManhattan:
      return MinusManhattan;
  }
  return Cosine;
}

bool IsNearer(const SearchHit& a, const SearchHit& b) {
  return a.similarity != b.similarity ? a.similarity > b.similarity : a.row < b.row;
}

// The best hits of one query so far, as a heap with the farthest in front.
class NearestRows {
 public:
  explicit NearestRows(int64_t max_hits) : max_hits_(static_cast<size_t>(max_hits)) {}

  // NaN, which no order has a place for, is not wanted.
  bool Wants(float similarity) const {
    if (std::isnan(similarity)) return false;
    return hits_.size() < max_hits_ || similarity > hits_.front().similarity;
  }

  void Add(SearchHit hit) {
    if (hits_.size() == max_hits_) {
      std::pop_heap(hits_.begin(), hits_.end(), IsNearer);
      hits_.pop_back();
    }
    hits_.push_back(std::move(hit));
    std::push_heap(hits_.begin(), hits_.end(), IsNearer);
  }

  std::vector<SearchHit> Sorted() && {
    std::sort(hits_.begin(), hits_.end(), IsNearer);
    return std::move(hits_);
  }

 private:
  size_t max_hits_;
  std::vector<SearchHit> hits_;
};

// How near the queries are to one vector of the table after the other.
class QueryVectors {
 public:
  QueryVectors(const SearchJob& job, const TableFooter& footer) {
    const std::unique_ptr<Embedder> embedder =
        Embedder::Load(job.model, footer.OptionsOf(job.vector_column, job.embedder));
    const ModelDescription& model = embedder->description();
    ColumnDescription column = model.columns.front();
    column.name = job.vector_column;
    footer.CheckModel(column, model);
    dim_ = column.dim;
    weight_cache_problem_ = model.weight_cache_problem;
    dtype_ = footer.DtypeOf(column.name);
    quantizer_.emplace(dtype_, dim_,
                       HasRanges(dtype_) ? footer.RangesOf(column).ranges : ValueRanges());
    similarity_of_ = FunctionOf(model.similarity);
    const std::vector<TextRow> queries(job.queries.begin(), job.queries.end());
    vectors_ = embedder->Embed(queries).columns[0].values;
    row_.resize(static_cast<size_t>(dim_));
    if (IsBinary(dtype_)) TakeSigns(std::ssize(queries));
  }

  Dtype dtype() const { return dtype_; }
  int64_t dim() const { return dim_; }
  const std::string& weight_cache_problem() const { return weight_cache_problem_; }

  // The next vector of the table, as its column holds it.
  void CompareWith(const uint8_t* row) {
    row_signs_ = row;
    if (!IsBinary(dtype_)) quantizer_->Dequantize(row, row_.data());
  }

  // Of a query to that vector.
  float SimilarityOf(size_t query) const {
    const auto q = static_cast<int64_t>(query);
    if (!IsBinary(dtype_)) return similarity_of_(vectors_.data() + q * dim_, row_.data(), dim_);
    const int64_t num_bytes = quantizer_->num_bytes();
    const int64_t num_different =
        CountDifferentBits(signs_.data() + q * num_bytes, row_signs_, num_bytes);
    return static_cast<float>(-num_different);
  }

 private:
  void TakeSigns(int64_t num_queries) {
    const int64_t num_bytes = quantizer_->num_bytes();
    signs_.resize(static_cast<size_t>(num_queries * num_bytes));
    for (int64_t q = 0; q < num_queries; ++q) {
      quantizer_->Quantize(vectors_.data() + q * dim_, signs_.data() + q * num_bytes);
    }
  }

  int64_t dim_ = 0;
  Dtype dtype_ = Dtype::kFloat32;
  std::optional<Quantizer> quantizer_;
  SimilarityFn similarity_of_ = Cosine;
  std::vector<float> vectors_;  // of the queries [num_queries, dim]
  std::vector<uint8_t> signs_;  // the same as signs, where the table has signs
  std::string weight_cache_problem_;
  std::vector<float> row_;              // of the table [dim]
  const uint8_t* row_signs_ = nullptr;  // as the column holds it
};

void CheckLength(const SearchJob& job, const QueryVectors& queries, int64_t num_values) {
  const int64_t expected = StoredValues(queries.dtype(), queries.dim());
  if (num_values == 0 || num_values == expected) return;
  throw Error(ErrorCode::kInvalidArgument,
              job.table + ": vectors of " + std::to_string(num_values) +
                  " values, but the model gives " + std::to_string(expected));
}

}  // namespace

SearchResults Search(const SearchJob& job) {
  const std::vector<InputFile> files = ListInputFiles({job.table});
  const TableFooter footer(job.table);
  const std::string text_column =
      job.text_column.empty() ? footer.Value("vecmill.column") : job.text_column;
  QueryVectors queries(job, footer);

  std::vector<NearestRows> nearest(job.queries.size(), NearestRows(job.num_hits));
  const std::unique_ptr<TableReader> reader =
      TableReader::Open(files, {.max_chunk_rows = kChunkRows});
  int64_t row = 0;
  while (const std::optional<Chunk> chunk = reader->Next()) {
    const VectorRows vectors = ReadVectors(*chunk, job.vector_column, queries.dtype());
    CheckLength(job, queries, vectors.num_values);
    for (int64_t i = 0; i < chunk->num_rows(); ++i, ++row) {
      const uint8_t* vector = vectors.rows[static_cast<size_t>(i)];
      if (vector == nullptr) continue;
      queries.CompareWith(vector);
      for (size_t q = 0; q < nearest.size(); ++q) {
        const float similarity = queries.SimilarityOf(q);
        if (!nearest[q].Wants(similarity)) continue;
        nearest[q].Add(
            {.similarity = similarity, .row = row, .text = CellText(*chunk, text_column, i)});
      }
    }
  }
  SearchResults results = {.hits = {},
                           .num_signs = IsBinary(queries.dtype()) ? queries.dim() : 0,
                           .weight_cache_problem = queries.weight_cache_problem()};
  for (NearestRows& rows : nearest) results.hits.push_back(std::move(rows).Sorted());
  return results;
}

}  // namespace vecmill

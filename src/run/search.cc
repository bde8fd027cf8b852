#include "run/search.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

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

  bool Wants(float similarity) const {
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

}  // namespace

std::vector<std::vector<SearchHit>> Search(const SearchJob& job) {
  const std::vector<InputFile> files = ListInputFiles({job.table});
  const TableFooter footer(job.table);
  const std::string text_column =
      job.text_column.empty() ? footer.Value("vecmill.column") : job.text_column;
  const std::unique_ptr<Embedder> embedder =
      Embedder::Load(job.model, footer.OptionsOf(job.vector_column, job.embedder));
  footer.CheckModel(job.vector_column, embedder->description());
  const int64_t dim = embedder->description().columns[0].dim;
  const SimilarityFn similarity_of = FunctionOf(embedder->description().similarity);

  const std::vector<TextRow> queries(job.queries.begin(), job.queries.end());
  const std::vector<float> query_vectors = embedder->Embed(queries).columns[0].values;

  std::vector<NearestRows> nearest(queries.size(), NearestRows(job.num_hits));
  const std::unique_ptr<TableReader> reader =
      TableReader::Open(files, {.max_chunk_rows = kChunkRows});
  int64_t row = 0;
  while (const std::optional<Chunk> chunk = reader->Next()) {
    const VectorRows vectors = ReadVectors(*chunk, job.vector_column);
    if (vectors.dim != 0 && vectors.dim != dim) {
      throw Error(ErrorCode::kInvalidArgument,
                  job.table + ": vectors of " + std::to_string(vectors.dim) +
                      " values, but the model gives " + std::to_string(dim));
    }
    for (int64_t i = 0; i < chunk->num_rows(); ++i, ++row) {
      const float* vector = vectors.rows[static_cast<size_t>(i)];
      if (vector == nullptr) continue;
      for (size_t q = 0; q < queries.size(); ++q) {
        const float similarity =
            similarity_of(&query_vectors[q * static_cast<size_t>(dim)], vector, dim);
        if (!nearest[q].Wants(similarity)) continue;
        nearest[q].Add(
            {.similarity = similarity, .row = row, .text = CellText(*chunk, text_column, i)});
      }
    }
  }
  std::vector<std::vector<SearchHit>> hits;
  hits.reserve(nearest.size());
  for (NearestRows& rows : nearest) hits.push_back(std::move(rows).Sorted());
  return hits;
}

}  // namespace vecmill

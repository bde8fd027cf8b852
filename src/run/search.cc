#include "run/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

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

// What the table's footer says of the column searched.
class TableFooter {
 public:
  TableFooter(const std::string& table, std::string column)
      : table_(table), values_(FooterMetadata(table)), column_(std::move(column)) {
    if (Value("vecmill.model_sha256").empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  table +
                      ": no vecmill.model_sha256 in its footer; search reads tables that "
                      "vecmill embed wrote");
    }
  }

  std::string Value(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? std::string() : found->second;
  }

  // The options that made the column, or those of the caller where the footer does not name it.
  EmbedderOptions Complete(EmbedderOptions options) const {
    const std::string layers = Value("vecmill." + column_ + ".layers");
    if (layers.empty()) return options;
    const std::string pooling = Value("vecmill." + column_ + ".pooling");
    if (pooling == PoolingName(Pooling::kNone)) {
      throw Error(ErrorCode::kInvalidArgument, table_ + ": column '" + column_ +
                                                   "' holds a vector for each token; search "
                                                   "reads columns of one vector a row");
    }
    options.columns = {{.name = column_, .layers = layers}};
    options.normalize = Value("vecmill." + column_ + ".normalized") == "true";
    options.truncate_dim = std::stoll("0" + Value("vecmill." + column_ + ".dim"));
    return options;
  }

  void CheckModel(const ModelDescription& model) const {
    const std::string sha256 = Value("vecmill.model_sha256");
    if (sha256 == model.weights_sha256) return;
    throw Error(ErrorCode::kInvalidArgument, table_ + ": was embedded with other weights (" +
                                                 Value("vecmill.model") + ", sha256 " + sha256 +
                                                 ") than those of " + model.path + " (sha256 " +
                                                 model.weights_sha256 + ")");
  }

 private:
  const std::string table_;
  const std::map<std::string, std::string> values_;
  const std::string column_;
};

}  // namespace

std::vector<std::vector<SearchHit>> Search(const SearchJob& job) {
  const std::vector<InputFile> files = ListInputFiles({job.table});
  const TableFooter footer(job.table, job.vector_column);
  const std::string text_column =
      job.text_column.empty() ? footer.Value("vecmill.column") : job.text_column;
  const std::unique_ptr<Embedder> embedder =
      Embedder::Load(job.model, footer.Complete(job.embedder));
  footer.CheckModel(embedder->description());
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

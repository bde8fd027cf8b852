#include "run/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

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

bool IsNearer(const SearchHit& a, const SearchHit& b) {
  return a.cosine != b.cosine ? a.cosine > b.cosine : a.row < b.row;
}

// The best hits of one query so far, as a heap with the farthest in front.
class NearestRows {
 public:
  explicit NearestRows(int64_t max_hits) : max_hits_(static_cast<size_t>(max_hits)) {}

  bool Wants(float cosine) const {
    return hits_.size() < max_hits_ || cosine > hits_.front().cosine;
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

// The job as the table's footer completes it, and the footer's word on the model checked.
SearchJob Complete(SearchJob job, const ModelDescription& model) {
  const std::map<std::string, std::string> footer = FooterMetadata(job.table);
  const auto value = [&](const char* key) {
    const auto found = footer.find(key);
    return found == footer.end() ? std::string() : found->second;
  };
  const std::string sha256 = value("vecmill.model_sha256");
  if (sha256.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                job.table +
                    ": no vecmill.model_sha256 in its footer; search reads tables that "
                    "vecmill embed wrote");
  }
  if (sha256 != model.weights_sha256) {
    throw Error(ErrorCode::kInvalidArgument, job.table + ": was embedded with other weights (" +
                                                 value("vecmill.model") + ", sha256 " + sha256 +
                                                 ") than those of " + model.path + " (sha256 " +
                                                 model.weights_sha256 + ")");
  }
  if (job.text_column.empty()) job.text_column = value("vecmill.column");
  return job;
}

}  // namespace

std::vector<std::vector<SearchHit>> Search(const SearchJob& incomplete_job) {
  const std::vector<InputFile> files = ListInputFiles({incomplete_job.table});
  const std::unique_ptr<Embedder> embedder =
      Embedder::Load(incomplete_job.model, incomplete_job.embedder);
  const int64_t dim = embedder->description().dim;
  const SearchJob job = Complete(incomplete_job, embedder->description());

  const std::vector<TextRow> queries(job.queries.begin(), job.queries.end());
  std::vector<float> query_vectors(queries.size() * static_cast<size_t>(dim));
  std::vector<RowAccount> accounts(queries.size());
  embedder->Embed(queries, query_vectors.data(), accounts.data());

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
        const float cosine = Cosine(&query_vectors[q * static_cast<size_t>(dim)], vector, dim);
        if (!nearest[q].Wants(cosine)) continue;
        nearest[q].Add(
            {.cosine = cosine, .row = row, .text = CellText(*chunk, job.text_column, i)});
      }
    }
  }
  std::vector<std::vector<SearchHit>> hits;
  for (NearestRows& rows : nearest) hits.push_back(std::move(rows).Sorted());
  return hits;
}

}  // namespace vecmill

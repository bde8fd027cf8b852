// weights/static_embedding.h: models that are one vector for every token: no network, a mean.
//
// Source: sentence_transformers 6.2, modules.StaticEmbedding, which calls the table
//         embedding.weight; model2vec 0.10, which calls it embeddings and may have fewer rows than
//         tokens (vocabulary quantisation): the vector of token i is
//         embeddings[mapping[i]] * weights[i].
#pragma once

#include <string>

#include "weights/checkpoint.h"
#include "weights/network_config.h"
#include "weights/tensor.h"

namespace vecmill {

inline constexpr char kStaticEmbedding[] = "static_embedding";  // as a NetworkConfig's model_type

// Most tokens of a row, about a megabyte of text; a row's token vectors are in memory together.
inline constexpr int64_t kMaxStaticTokens = 1 << 18;

struct StaticTensors {
  Tensor embeddings;  // [R, H]
  Tensor mapping;     // [V] rows of the table, I32 or I64; empty: a row for every token
  Tensor weights;     // [V]; empty: ones

  int64_t vocab() const { return mapping.shape.empty() ? embeddings.shape[0] : mapping.shape[0]; }
  int64_t hidden() const { return embeddings.shape[1]; }
};

// Find and check shapes and dtypes. Errors: kCorrupt, kUnsupported.
StaticTensors FindStaticTensors(const Checkpoint& checkpoint);

// Write the vectors of all tokens to dst [V, H]. Errors: kCorrupt (a NaN, an infinity, a row that
// is not there), kUnsupported (dtype of mapping), std::bad_alloc.
void CopyStaticTable(const StaticTensors& tensors, float* dst);

// What the rest of vecmill knows of such a model: no layers but the embeddings.
NetworkConfig StaticConfig(const StaticTensors& tensors);

// The truncation of tokenizer.json in `folder`, which sentence-transformers leaves in force here;
// kMaxStaticTokens if it has none or a higher one. Errors: kNotFound, kCorrupt, kUnsupported (cuts
// at the left), kIo.
int64_t ReadStaticMaxTokens(const std::string& folder);

}  // namespace vecmill

// vecmill/similarity.h: how near two vectors are, as the model was trained to have it measured.
#pragma once

#include <string_view>

namespace vecmill {

// Larger is nearer in all of them.
enum class Similarity {
  kCosine,     // a b / (|a| |b|)
  kDot,        // a b
  kEuclidean,  // -|a - b|
  kManhattan,  // -sum of |a_i - b_i|
};

struct NamedSimilarity {
  std::string_view name;
  Similarity similarity;
};

// The names of sentence_transformers' SimilarityFunction.
inline constexpr NamedSimilarity kSimilarities[] = {
    {"cosine", Similarity::kCosine},
    {"dot", Similarity::kDot},
    {"euclidean", Similarity::kEuclidean},
    {"manhattan", Similarity::kManhattan},
};

constexpr std::string_view SimilarityName(Similarity similarity) {
  for (const NamedSimilarity& entry : kSimilarities) {
    if (entry.similarity == similarity) return entry.name;
  }
  return "";
}

}  // namespace vecmill

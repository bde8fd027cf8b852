// vecmill/pooling.h: how the tokens of a row become its vector.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// x_1 ... x_n are a row's tokens.
enum class Pooling {
  kMean,          // sum of x_t / n
  kCls,           // x_1
  kMax,           // the largest of each value
  kLast,          // x_n
  kMeanSqrtLen,   // sum of x_t / sqrt(n)
  kWeightedMean,  // sum of t x_t / sum of t
  kNone,          // no pooling: one vector for each token
};

struct NamedPooling {
  std::string_view name;
  Pooling pooling;
};

// As layer expressions, summaries and footers write them.
inline constexpr NamedPooling kPoolings[] = {
    {"mean", Pooling::kMean},
    {"cls", Pooling::kCls},
    {"max", Pooling::kMax},
    {"last", Pooling::kLast},
    {"mean_sqrt_len", Pooling::kMeanSqrtLen},
    {"weightedmean", Pooling::kWeightedMean},
    {"none", Pooling::kNone},
};

constexpr std::string_view PoolingName(Pooling pooling) {
  for (const NamedPooling& entry : kPoolings) {
    if (entry.pooling == pooling) return entry.name;
  }
  return "";
}

// One or several, whose vectors are put one after the other. kNone stands alone.
using Poolings = std::vector<Pooling>;

// "mean", "mean+cls"
inline std::string PoolingNames(const Poolings& poolings) {
  std::string names;
  for (const Pooling pooling : poolings) {
    names += (names.empty() ? "" : "+") + std::string(PoolingName(pooling));
  }
  return names;
}

}  // namespace vecmill

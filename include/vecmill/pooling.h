// vecmill/pooling.h: how the tokens of a row become its vector.
#pragma once

#include <string_view>

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

}  // namespace vecmill

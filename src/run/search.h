// run/search.h: the rows of an embedded table that are nearest to a question.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vecmill/options.h"

namespace vecmill {

struct SearchJob {
  std::string table;  // Parquet written by RunEmbedJob
  std::string model;  // folder
  std::vector<std::string> queries;
  int64_t num_hits = 10;
  std::string vector_column = "embedding";
  std::string text_column;  // shown with each hit; empty: the column that was embedded
  EmbedderOptions embedder;
};

struct SearchHit {
  // As the model has it measured, larger is nearer. Of vectors of signs: minus the bits that
  // differ.
  float similarity = 0;
  int64_t row = 0;  // from 0, in the table's order
  std::string text;
};

struct SearchResults {
  std::vector<std::vector<SearchHit>>
      hits;               // for each query, best first, equally near in row order
  int64_t num_signs = 0;  // of a vector, where vectors are signs (binary, ubinary), else 0
  std::string weight_cache_problem;  // ModelDescription has it
};

// The rows nearest to each query. Every row is compared: time grows with the rows, memory does not.
// float16, int8 and uint8 are compared as the numbers they stand for with the query's own; signs
// with the query's signs. Null vectors are passed over. Errors: kInvalidArgument if the table was
// embedded by another model (weights or settings differ), or lacks the column (lists those there),
// or dimensions differ; kCorrupt; else as RunEmbedJob.
SearchResults Search(const SearchJob& job);

}  // namespace vecmill

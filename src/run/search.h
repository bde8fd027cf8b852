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
  float similarity = 0;  // as the model has it measured; larger is nearer
  int64_t row = 0;       // from 0, in the table's order
  std::string text;
};

// For each query its nearest rows, best first; equally near ones in row order. Every row is
// compared: time grows with the rows, memory does not. Null vectors are passed over. Errors:
// kInvalidArgument if the table was embedded by another model (weights differ), or lacks the column
// (lists those there), or dimensions differ; else as RunEmbedJob.
std::vector<std::vector<SearchHit>> Search(const SearchJob& job);

}  // namespace vecmill

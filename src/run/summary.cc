#include "run/summary.h"

#include <sys/resource.h>

#include <utility>

#include "base/json.h"
#include "run/embed_job.h"
#include "vecmill/version.h"

namespace vecmill {
namespace {

double PerSecond(int64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

Json ColumnsToJson(const std::vector<ColumnDescription>& columns) {
  Json::Array array;
  for (const ColumnDescription& column : columns) {
    array.push_back(Json::Object{{"name", column.name},
                                 {"layers", column.layers},
                                 {"pooling", PoolingNames(column.poolings)},
                                 {"normalized", column.normalized},
                                 {"dim", column.dim}});
  }
  return array;
}

Json StagesToJson(const StageSeconds& stages) {
  return Json::Object{{"tokenize", stages.tokenize},
                      {"embed_lookup", stages.embed_lookup},
                      {"qkv", stages.qkv},
                      {"attention", stages.attention},
                      {"attention_output", stages.attention_output},
                      {"ffn_up", stages.ffn_up},
                      {"ffn_down", stages.ffn_down},
                      {"pool", stages.pool}};
}

}  // namespace

void RunSummary::Add(std::span<const RowAccount> accounts) {
  for (const RowAccount& account : accounts) {
    rows += account.num_chunks > 0;
    chunks += account.num_chunks;
    chunked += account.num_chunks > 1;
    passes += account.has_vector() ? account.num_passes : 0;
    parted += account.num_passes > 1;
    tokens += account.num_tokens;
    computed_rows += account.computed_chunks;
    computed_tokens += account.computed_tokens;
    truncated += account.truncated;
    too_long += account.too_long;
    nulls += account.is_null;
    duplicates += account.duplicate;
    invalid_utf8 += account.invalid_utf8;
  }
}

double RunSummary::rows_per_second() const { return PerSecond(rows, embed_seconds); }

double RunSummary::tokens_per_second() const { return PerSecond(tokens, embed_seconds); }

double RunSummary::peak_fraction() const {
  const double gflops = (model.flop_per_token * PerSecond(computed_tokens, embed_seconds) +
                         model.flop_per_row * PerSecond(computed_rows, embed_seconds)) /
                        1e9;
  return peak_gflops > 0 ? gflops / peak_gflops : 0;
}

std::string RunSummary::ToJson() const {
  Json::Object object = {
      {"vecmill_version", VECMILL_VERSION},
      {"model", model.path},
      {"model_sha256", model.weights_sha256},
      {"output", output},
      {"columns", ColumnsToJson(model.columns)},
      {"prompt", model.prompt},
      {"long_rows", long_rows},
      {"threads", num_threads},
      {"weights_shared", !model.weight_cache_file.empty()},
      {"executed_dtype", "float32"},
      {"dtype", std::string(DtypeName(dtype))},
      {"rows", rows},
      {"chunks", chunks},
      {"chunked", chunked},
      {"chunk_context", ChunkContextName(model.chunk_context)},
      {"passes", passes},
      {"parted", parted},
      {"tokens", tokens},
      {"computed_rows", computed_rows},
      {"computed_tokens", computed_tokens},
      {"truncated", truncated},
      {"too_long", too_long},
      {"nulls", nulls},
      {"duplicates", duplicates},
      {"invalid_utf8", invalid_utf8},
      {"calibration_rows", calibration_rows},
      {"clipped_values", clipped_values},
      {"load_seconds", load_seconds},
      {"embed_seconds", embed_seconds},
      {"read_seconds", read_seconds},
      {"write_seconds", write_seconds},
      {"worker_seconds", StagesToJson(stages)},
      {"rows_per_second", rows_per_second()},
      {"tokens_per_second", tokens_per_second()},
      {"machine_peak_gflops", peak_gflops},
      {"machine_peak_fraction", peak_fraction()},
      {"peak_memory_bytes", peak_memory_bytes},
      {"stopped", stopped},
  };
  return Json(std::move(object)).Dump(/*indent=*/2);
}

int64_t PeakMemoryBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace vecmill

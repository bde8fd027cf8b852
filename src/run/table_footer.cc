#include "run/table_footer.h"

#include <charconv>

#include "table/table_reader.h"
#include "vecmill/error.h"
#include "vecmill/version.h"

namespace vecmill {
namespace {

// Scaled to unit length and then cut, which leaves vectors of any length.
constexpr const char* kBeforeTruncation = "before_truncation";

std::string NormalizedText(const ColumnDescription& column) {
  if (column.normalized_before_cut) return kBeforeTruncation;
  return column.normalized ? "true" : "false";
}

// "vecmill.dim" and so on, or "vecmill.NAME.dim" with prefix "vecmill.NAME.".
FooterPairs ColumnPairs(const ColumnDescription& column, const std::string& prefix) {
  return {{prefix + "dim", std::to_string(column.dim)},
          {prefix + "layers", column.layers},
          {prefix + "pooling", PoolingNames(column.poolings)},
          {prefix + "normalized", NormalizedText(column)}};
}

std::string PrefixOf(const std::string& column) { return "vecmill." + column + "."; }

}  // namespace

FooterPairs FooterOf(const EmbedJob& job, const ModelDescription& model) {
  FooterPairs footer = {
      {"vecmill.model", job.model_id.empty() ? model.path : job.model_id},
      {"vecmill.model_sha256", model.weights_sha256},
      {"vecmill.revision", job.model_revision},
      {"vecmill.column", job.column},
      {"vecmill.prompt", model.prompt},
      {"vecmill.mode", "exact"},
      {"vecmill.executed_dtype", "float32"},
      {"vecmill.version", VECMILL_VERSION},
  };
  footer.emplace_back("vecmill.long_rows", LongRowsName(job.embedder));
  if (job.embedder.chunks) {
    footer.insert(footer.end(),
                  {{"vecmill.chunks", ChunkFormName(job.chunk_form)},
                   {"vecmill.chunk_tokens", std::to_string(model.chunk_tokens)},
                   {"vecmill.chunk_overlap", std::to_string(model.chunk_overlap_tokens)}});
  }
  const auto add = [&](const ColumnDescription& column, const std::string& prefix) {
    for (auto& pair : ColumnPairs(column, prefix)) footer.push_back(std::move(pair));
  };
  add(model.columns.front(), "vecmill.");
  for (const ColumnDescription& column : model.columns) add(column, PrefixOf(column.name));
  return footer;
}

TableFooter::TableFooter(const std::string& table) : table_(table), values_(FooterMetadata(table)) {
  if (!Value("vecmill.model_sha256").empty()) return;
  throw Error(ErrorCode::kInvalidArgument,
              table +
                  ": no vecmill.model_sha256 in its footer; search reads tables that "
                  "vecmill embed wrote");
}

std::string TableFooter::Value(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::string() : found->second;
}

EmbedderOptions TableFooter::OptionsOf(const std::string& column, EmbedderOptions options) const {
  const std::string prefix = PrefixOf(column);
  const std::string layers = Value(prefix + "layers");
  if (layers.empty()) return options;
  if (Value(prefix + "pooling") == PoolingName(Pooling::kNone)) {
    throw Error(ErrorCode::kInvalidArgument, table_ + ": column '" + column +
                                                 "' holds a vector for each token; search reads "
                                                 "columns of one vector a row");
  }
  options.columns = {{.name = column, .layers = layers}};
  const std::string normalized = Value(prefix + "normalized");
  options.normalize.reset();
  if (normalized != kBeforeTruncation) options.normalize = normalized == "true";

  const std::string dim = Value(prefix + "dim");
  int64_t value = 0;
  const auto [end, error] = std::from_chars(dim.data(), dim.data() + dim.size(), value);
  if (error != std::errc() || end != dim.data() + dim.size() || value < 1) {
    throw Error(ErrorCode::kCorrupt, table_ + ": its footer says " + prefix + "dim '" + dim +
                                         "', expected a number of at least 1");
  }
  options.truncate_dim = value;
  return options;
}

void TableFooter::CheckModel(const std::string& column, const ModelDescription& model) const {
  const std::string sha256 = Value("vecmill.model_sha256");
  if (sha256 != model.weights_sha256) {
    throw Error(ErrorCode::kInvalidArgument, table_ + ": was embedded with other weights (" +
                                                 Value("vecmill.model") + ", sha256 " + sha256 +
                                                 ") than those of " + model.path + " (sha256 " +
                                                 model.weights_sha256 + ")");
  }
  if (Value(PrefixOf(column) + "layers").empty()) return;
  for (const auto& [key, value] : ColumnPairs(model.columns.front(), PrefixOf(column))) {
    if (Value(key) == value) continue;
    throw Error(ErrorCode::kInvalidArgument,
                table_ + ": its footer says " + key + " '" + Value(key) + "', but " + model.path +
                    " now gives '" + value + "': the settings of the model folder changed");
  }
}

}  // namespace vecmill

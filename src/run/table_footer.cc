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

}  // namespace

std::string PrefixOf(const std::string& column) { return "vecmill." + column + "."; }

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
                   {"vecmill.chunk_overlap", std::to_string(model.chunk_overlap_tokens)},
                   {"vecmill.chunk_context", ChunkContextName(model.chunk_context)}});
  }
  const auto add = [&](const ColumnDescription& column, const std::string& prefix) {
    for (auto& pair : ColumnPairs(column, prefix)) footer.push_back(std::move(pair));
    footer.emplace_back(prefix + "dtype", DtypeName(job.dtype));
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

  options.truncate_dim = Number(prefix + "dim");
  return options;
}

int64_t TableFooter::Number(const std::string& key) const {
  const std::string text = Value(key);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  throw Error(ErrorCode::kCorrupt,
              table_ + ": its footer says " + key + " '" + text + "', expected a number");
}

void TableFooter::CheckModel(const ColumnDescription& column, const ModelDescription& model) const {
  const std::string sha256 = Value("vecmill.model_sha256");
  if (sha256 != model.weights_sha256) {
    throw Error(ErrorCode::kInvalidArgument, table_ + ": was embedded with other weights (" +
                                                 Value("vecmill.model") + ", sha256 " + sha256 +
                                                 ") than those of " + model.path + " (sha256 " +
                                                 model.weights_sha256 + ")");
  }
  const std::string prefix = PrefixOf(column.name);
  if (Value(prefix + "layers").empty()) return;
  for (const auto& [key, value] : ColumnPairs(column, prefix)) {
    if (Value(key) == value) continue;
    throw Error(ErrorCode::kInvalidArgument,
                table_ + ": its footer says " + key + " '" + Value(key) + "', but " + model.path +
                    " gives '" + value +
                    "' here: its vectors are made in another way than the table's were");
  }
}

Dtype TableFooter::DtypeOf(const std::string& column) const {
  const std::string name = Value(PrefixOf(column) + "dtype");
  if (name.empty()) return Dtype::kFloat32;
  const std::optional<Dtype> dtype = FindDtype(name);
  if (dtype) return *dtype;
  throw Error(ErrorCode::kUnsupported, table_ + ": its footer says " + PrefixOf(column) +
                                           "dtype '" + name + "', which this version cannot read");
}

CalibratedRanges TableFooter::RangesOf(const ColumnDescription& column) const {
  const std::string prefix = PrefixOf(column.name);
  const std::string text = Value(prefix + "ranges");
  if (text.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                table_ + ": has no ranges of column '" + column.name +
                    "' in its footer; tables of --dtype int8 or uint8 have them");
  }
  CalibratedRanges made = {
      .ranges = ParseRanges(text, column.dim, table_ + ": " + prefix + "ranges"),
      .num_rows = std::nullopt};
  const std::string rows_key = prefix + "calibration_rows";
  if (!Value(rows_key).empty()) made.num_rows = Number(rows_key);
  return made;
}

}  // namespace vecmill

#include "run/ranges_file.h"

#include <cmath>

#include "base/json.h"
#include "base/mapped_file.h"
#include "run/table_footer.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

Json ToJson(const std::vector<float>& values) {
  Json::Array array;
  for (const float value : values) array.emplace_back(static_cast<double>(value));
  return array;
}

std::vector<float> FloatsOf(const Json& json, const std::string& where) {
  if (!json.is_array()) {
    throw Error(ErrorCode::kCorrupt,
                where + ": expected a list of numbers, found " + json.Describe());
  }
  std::vector<float> values;
  for (const Json& value : json.array()) {
    if (!value.is_number()) {
      throw Error(ErrorCode::kCorrupt, where + ": expected a number, found " + value.Describe());
    }
    values.push_back(static_cast<float>(value.number()));
  }
  return values;
}

ValueRanges FromJson(const Json& json, int64_t dim, const std::string& where) {
  if (!json.is_array() || json.array().size() != 2) {
    throw Error(
        ErrorCode::kCorrupt,
        where + ": expected [[smallest values], [largest values]], found " + json.Describe());
  }
  ValueRanges ranges = {.min = FloatsOf(json.array()[0], where),
                        .max = FloatsOf(json.array()[1], where)};
  CheckRanges(ranges, dim, where);
  return ranges;
}

std::vector<CalibratedRanges> ReadJsonFile(const std::string& path, const ModelDescription& model) {
  const MappedFile file(path);
  const Json json = ParseJson(file.text(), path);
  std::vector<CalibratedRanges> all;
  for (const ColumnDescription& column : model.columns) {
    const Json* own = model.columns.size() == 1 && json.is_array() ? &json : json.Find(column.name);
    if (own == nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  path + ": has no ranges of column '" + column.name + "'");
    }
    const std::string where = path + ": ranges of column '" + column.name + "'";
    all.push_back({.ranges = FromJson(*own, column.dim, where), .num_rows = std::nullopt});
  }
  return all;
}

}  // namespace

std::string RangesText(const ValueRanges& ranges) {
  return Json(Json::Array{ToJson(ranges.min), ToJson(ranges.max)}).Dump();
}

ValueRanges ParseRanges(const std::string& text, int64_t dim, const std::string& where) {
  return FromJson(ParseJson(text, where), dim, where);
}

void CheckRanges(const ValueRanges& ranges, int64_t dim, const std::string& where) {
  for (const std::vector<float>* values : {&ranges.min, &ranges.max}) {
    if (std::ssize(*values) == dim) continue;
    throw Error(ErrorCode::kCorrupt, where + ": has " + std::to_string(values->size()) +
                                         " values, the vectors have " + std::to_string(dim));
  }
  for (size_t i = 0; i < ranges.min.size(); ++i) {
    const float width = ranges.max[i] - ranges.min[i];
    if (std::isfinite(width) && width >= 0) continue;
    throw Error(ErrorCode::kCorrupt, where + ": value " + std::to_string(i) + " is from " +
                                         std::to_string(ranges.min[i]) + " to " +
                                         std::to_string(ranges.max[i]) +
                                         ", which is no range of numbers");
  }
}

std::vector<CalibratedRanges> ReadRanges(const std::string& path, const ModelDescription& model) {
  if (path.ends_with(".json")) return ReadJsonFile(path, model);
  const TableFooter footer(path);
  std::vector<CalibratedRanges> all;
  for (const ColumnDescription& column : model.columns) {
    footer.CheckModel(column, model);
    all.push_back(footer.RangesOf(column));
  }
  return all;
}

}  // namespace vecmill

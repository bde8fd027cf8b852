#include "table/row_parts.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <utility>
#include <vector>

#include "base/check.h"
#include "table/arrow_status.h"

namespace vecmill {
namespace {

std::shared_ptr<arrow::DataType> PartType(std::shared_ptr<arrow::DataType> type) {
  while (true) {
    switch (type->id()) {
      case arrow::Type::EXTENSION:
        type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
        break;
      case arrow::Type::DICTIONARY:
        type = static_cast<const arrow::DictionaryType&>(*type).value_type();
        break;
      case arrow::Type::STRING_VIEW:
        return arrow::utf8();
      case arrow::Type::BINARY_VIEW:
        return arrow::binary();
      default:
        return type;
    }
  }
}

template <typename Builder>
arrow::Result<std::shared_ptr<arrow::Array>> Texts(std::span<const RowPart> parts,
                                                   std::span<const TextRow> texts) {
  Builder builder;
  for (const RowPart& part : parts) {
    const TextRow& text = texts[static_cast<size_t>(part.row)];
    if (!part.span || !text) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const auto size = static_cast<size_t>(part.span->end - part.span->begin);
    ARROW_RETURN_NOT_OK(builder.Append(text->substr(static_cast<size_t>(part.span->begin), size)));
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> TextsOf(const arrow::DataType& type,
                                                     std::span<const RowPart> parts,
                                                     std::span<const TextRow> texts) {
  switch (type.id()) {
    case arrow::Type::STRING:
      return Texts<arrow::StringBuilder>(parts, texts);
    case arrow::Type::LARGE_STRING:
      return Texts<arrow::LargeStringBuilder>(parts, texts);
    case arrow::Type::BINARY:
      return Texts<arrow::BinaryBuilder>(parts, texts);
    case arrow::Type::LARGE_BINARY:
      return Texts<arrow::LargeBinaryBuilder>(parts, texts);
    default:
      VECMILL_CHECK(type.id() == arrow::Type::NA);
      return std::make_shared<arrow::NullArray>(static_cast<int64_t>(parts.size()));
  }
}

// The rows of `parts`, in runs that are one behind the other.
struct RowRun {
  int64_t begin;
  int64_t end;
};
std::vector<RowRun> RunsOf(std::span<const RowPart> parts) {
  std::vector<RowRun> runs;
  for (const RowPart& part : parts) {
    if (!runs.empty() && runs.back().end == part.row) {
      ++runs.back().end;
    } else {
      runs.push_back({part.row, part.row + 1});
    }
  }
  return runs;
}

arrow::Result<std::shared_ptr<arrow::Array>> Repeat(const arrow::Array& column,
                                                    std::span<const RowRun> runs) {
  if (runs.empty()) return column.Slice(0, 0);
  if (runs.size() == 1) return column.Slice(runs[0].begin, runs[0].end - runs[0].begin);
  arrow::ArrayVector slices;
  slices.reserve(runs.size());
  for (const RowRun& run : runs) slices.push_back(column.Slice(run.begin, run.end - run.begin));
  return arrow::Concatenate(slices);
}

// NAME_row, NAME_chunk, NAME_begin, NAME_end, NAME_pass.
arrow::Result<arrow::ArrayVector> PlacesOf(std::span<const RowPart> parts, int64_t row_begin) {
  arrow::Int64Builder row;
  arrow::Int32Builder part_of_row;
  arrow::Int64Builder begin;
  arrow::Int64Builder end;
  arrow::Int32Builder pass;
  for (const RowPart& part : parts) {
    ARROW_RETURN_NOT_OK(row.Append(row_begin + part.row));
    ARROW_RETURN_NOT_OK(part_of_row.Append(part.part));
    ARROW_RETURN_NOT_OK(part.span ? begin.Append(part.span->begin) : begin.AppendNull());
    ARROW_RETURN_NOT_OK(part.span ? end.Append(part.span->end) : end.AppendNull());
    ARROW_RETURN_NOT_OK(pass.Append(part.pass));
  }
  arrow::ArrayVector arrays(5);
  ARROW_RETURN_NOT_OK(row.Finish(&arrays[0]));
  ARROW_RETURN_NOT_OK(part_of_row.Finish(&arrays[1]));
  ARROW_RETURN_NOT_OK(begin.Finish(&arrays[2]));
  ARROW_RETURN_NOT_OK(end.Finish(&arrays[3]));
  ARROW_RETURN_NOT_OK(pass.Finish(&arrays[4]));
  return arrays;
}

}  // namespace

std::shared_ptr<arrow::Schema> SchemaOfParts(const arrow::Schema& input,
                                             const std::string& text_column,
                                             const PartColumns& places) {
  arrow::FieldVector fields = input.fields();
  for (auto& field : fields) {
    if (field->name() != text_column) continue;
    const auto type = PartType(field->type());
    if (!type->Equals(*field->type())) field = arrow::field(text_column, type, field->nullable());
  }
  const std::string& name = places.name;
  arrow::FieldVector added = {
      arrow::field(name + "_row", arrow::int64()), arrow::field(name + "_chunk", arrow::int32()),
      arrow::field(name + "_begin", arrow::int64()), arrow::field(name + "_end", arrow::int64())};
  if (places.has_pass) added.push_back(arrow::field(name + "_pass", arrow::int32()));
  for (const auto& field : added) {
    if (input.GetAllFieldIndices(field->name()).empty()) {
      fields.push_back(field);
      continue;
    }
    throw Error(ErrorCode::kInvalidArgument,
                "chunks: the input has a column '" + field->name() +
                    "' already; choose another output column or rename it");
  }
  return arrow::schema(fields, input.metadata());
}

Chunk TakeParts(const Chunk& rows, std::span<const RowPart> parts, int64_t row_begin,
                const std::string& text_column, const std::shared_ptr<arrow::Schema>& schema) {
  const std::vector<TextRow> texts = TextRows(rows, text_column);
  const std::vector<RowRun> runs = RunsOf(parts);
  const std::string where = rows.file + ": cannot repeat rows";
  arrow::ArrayVector columns;
  for (int i = 0; i < rows.batch->num_columns(); ++i) {
    const bool is_text = rows.batch->column_name(i) == text_column;
    columns.push_back(ValueOrThrow(is_text ? TextsOf(*schema->field(i)->type(), parts, texts)
                                           : Repeat(*rows.batch->column(i), runs),
                                   where, ErrorCode::kUnsupported));
  }
  for (auto& array : ValueOrThrow(PlacesOf(parts, row_begin), where, ErrorCode::kInternal)) {
    columns.push_back(std::move(array));
  }
  columns.resize(static_cast<size_t>(schema->num_fields()));  // without NAME_pass
  const auto num_rows = static_cast<int64_t>(parts.size());
  return {.batch = arrow::RecordBatch::Make(schema, num_rows, std::move(columns)),
          .file = rows.file,
          .first_row = rows.first_row};
}

int64_t RepeatedBytes(const Chunk& rows, int64_t row, const std::string& text_column) {
  int64_t num_bytes = 0;
  for (int i = 0; i < rows.batch->num_columns(); ++i) {
    if (rows.batch->column_name(i) == text_column) continue;
    num_bytes +=
        ValueOrThrow(arrow::util::ReferencedBufferSize(*rows.batch->column(i)->Slice(row, 1)),
                     rows.file, ErrorCode::kInternal);
  }
  return num_bytes;
}

}  // namespace vecmill

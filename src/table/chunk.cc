#include "table/chunk.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "base/check.h"
#include "table/arrow_status.h"
#include "table/element_type.h"

namespace vecmill {
namespace {

int ColumnIndex(const arrow::Schema& schema, const std::string& column, const std::string& file) {
  const std::vector<int> indices = schema.GetAllFieldIndices(column);
  if (indices.size() == 1) return indices[0];
  std::string message = file + ": ";
  if (indices.size() > 1) {
    message += std::to_string(indices.size()) + " columns are named '" + column + "'; rename them";
  } else {
    message += "no column '" + column + "'; the columns are";
    for (const auto& field : schema.fields()) {
      message += (field == schema.field(0) ? " '" : ", '") + field->name() + "'";
    }
  }
  throw Error(ErrorCode::kInvalidArgument, message);
}

std::string ColumnName(const Chunk& chunk, const std::string& column) {
  return chunk.file + ": column '" + column + "'";
}

// The type that holds the values of `type`, without extension types and dictionaries around it.
std::shared_ptr<arrow::DataType> ValueType(std::shared_ptr<arrow::DataType> type) {
  while (true) {
    if (type->id() == arrow::Type::EXTENSION) {
      type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    } else if (type->id() == arrow::Type::DICTIONARY) {
      type = static_cast<const arrow::DictionaryType&>(*type).value_type();
    } else {
      return type;
    }
  }
}

bool IsText(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::NA:
      return true;
    default:
      return false;
  }
}

std::shared_ptr<arrow::Array> WithoutExtension(std::shared_ptr<arrow::Array> array) {
  while (array->type_id() == arrow::Type::EXTENSION) {
    array = static_cast<const arrow::ExtensionArray&>(*array).storage();
  }
  return array;
}

template <typename ArrayType>
std::vector<TextRow> Views(const arrow::Array& array) {
  const auto& strings = static_cast<const ArrayType&>(array);
  std::vector<TextRow> rows(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsValid(i)) rows[static_cast<size_t>(i)] = strings.GetView(i);
  }
  return rows;
}

std::vector<TextRow> RowsOf(const arrow::Array& array, const std::string& where);

std::vector<TextRow> DictionaryRows(const arrow::DictionaryArray& array, const std::string& where) {
  const std::vector<TextRow> values = RowsOf(*WithoutExtension(array.dictionary()), where);
  std::vector<TextRow> rows(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    const int64_t index = array.GetValueIndex(i);
    if (index < 0 || index >= static_cast<int64_t>(values.size())) {
      throw Error(ErrorCode::kCorrupt, where + ": dictionary index " + std::to_string(index) +
                                           " of " + std::to_string(values.size()));
    }
    rows[static_cast<size_t>(i)] = values[static_cast<size_t>(index)];
  }
  return rows;
}

std::vector<TextRow> RowsOf(const arrow::Array& array, const std::string& where) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return Views<arrow::BinaryArray>(array);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return Views<arrow::LargeBinaryArray>(array);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return Views<arrow::BinaryViewArray>(array);
    case arrow::Type::DICTIONARY:
      return DictionaryRows(static_cast<const arrow::DictionaryArray&>(array), where);
    default:
      VECMILL_CHECK(array.type_id() == arrow::Type::NA);
      return std::vector<TextRow>(static_cast<size_t>(array.length()));
  }
}

// Where row i's elements are in the values of a list array.
struct ListRows {
  std::shared_ptr<arrow::Array> values;
  std::vector<int64_t> offsets;
  std::vector<int64_t> lengths;
};

template <typename ListArrayType>
ListRows RowsOfList(const arrow::Array& array) {
  const auto& lists = static_cast<const ListArrayType&>(array);
  ListRows rows{.values = WithoutExtension(lists.values()), .offsets = {}, .lengths = {}};
  for (int64_t i = 0; i < array.length(); ++i) {
    rows.offsets.push_back(lists.value_offset(i));
    rows.lengths.push_back(lists.value_length(i));
  }
  return rows;
}

ListRows RowsOfAnyList(const arrow::Array& array, Dtype dtype, const std::string& where) {
  const arrow::DataType& type = *array.type();
  const auto element = ElementType(dtype);
  const bool fits = type.num_fields() == 1 && type.field(0)->type()->Equals(*element);
  if (fits && type.id() == arrow::Type::FIXED_SIZE_LIST)
    return RowsOfList<arrow::FixedSizeListArray>(array);
  if (fits && type.id() == arrow::Type::LIST) return RowsOfList<arrow::ListArray>(array);
  if (fits && type.id() == arrow::Type::LARGE_LIST) return RowsOfList<arrow::LargeListArray>(array);
  throw Error(ErrorCode::kInvalidArgument, where + ": is " + type.ToString() + ", not a list of " +
                                               element->ToString() +
                                               "; name the column that vecmill embed wrote");
}

}  // namespace

int64_t Chunk::num_rows() const { return batch ? batch->num_rows() : 0; }

void CheckTextColumn(const arrow::Schema& schema, const std::string& column,
                     const std::string& file) {
  const arrow::Field& field = *schema.field(ColumnIndex(schema, column, file));
  if (IsText(ValueType(field.type())->id())) return;
  throw Error(ErrorCode::kInvalidArgument,
              file + ": column '" + column + "' is " + field.type()->ToString() +
                  ", not text (string, large_string, string_view, binary, or a dictionary of "
                  "them); choose another column or convert it to string");
}

std::vector<TextRow> TextRows(const Chunk& chunk, const std::string& column) {
  CheckTextColumn(*chunk.batch->schema(), column, chunk.file);
  const int index = ColumnIndex(*chunk.batch->schema(), column, chunk.file);
  return RowsOf(*WithoutExtension(chunk.batch->column(index)), ColumnName(chunk, column));
}

VectorRows ReadVectors(const Chunk& chunk, const std::string& column, Dtype dtype) {
  const int index = ColumnIndex(*chunk.batch->schema(), column, chunk.file);
  const std::shared_ptr<arrow::Array> array = WithoutExtension(chunk.batch->column(index));
  const std::string where = ColumnName(chunk, column);
  const ListRows lists = RowsOfAnyList(*array, dtype, where);
  const arrow::Array& values = *lists.values;
  // An empty array may have no buffer of values.
  const uint8_t* bytes = values.data()->GetValues<uint8_t>(1, /*absolute_offset=*/0);

  VectorRows vectors;
  vectors.rows.resize(lists.offsets.size());
  bool first = true;
  for (size_t i = 0; i < vectors.rows.size(); ++i) {
    if (array->IsNull(static_cast<int64_t>(i))) continue;
    const auto row = [&] {
      return ", row " + std::to_string(chunk.first_row + static_cast<int64_t>(i));
    };
    if (first) vectors.num_values = lists.lengths[i];
    first = false;
    if (lists.lengths[i] != vectors.num_values) {
      throw Error(ErrorCode::kCorrupt,
                  where + row() + ": the vector has " + std::to_string(lists.lengths[i]) +
                      " elements, those before have " + std::to_string(vectors.num_values));
    }
    if (values.null_count() > 0) {
      for (int64_t j = 0; j < vectors.num_values; ++j) {
        if (values.IsNull(lists.offsets[i] + j)) {
          throw Error(ErrorCode::kCorrupt,
                      where + row() + ": element " + std::to_string(j) + " of the vector is null");
        }
      }
    }
    vectors.rows[i] = bytes + (values.offset() + lists.offsets[i]) * BytesOfValue(dtype);
  }
  return vectors;
}

std::string CellText(const Chunk& chunk, const std::string& column, int64_t row) {
  VECMILL_CHECK(row >= 0 && row < chunk.num_rows());
  const int index = ColumnIndex(*chunk.batch->schema(), column, chunk.file);
  std::shared_ptr<arrow::Array> cell = WithoutExtension(chunk.batch->column(index)->Slice(row, 1));
  if (IsText(ValueType(cell->type())->id())) {
    const TextRow text = RowsOf(*cell, ColumnName(chunk, column))[0];
    return text ? std::string(*text) : "null";
  }
  return ValueOrThrow(cell->GetScalar(0), ColumnName(chunk, column), ErrorCode::kInternal)
      ->ToString();
}

}  // namespace vecmill

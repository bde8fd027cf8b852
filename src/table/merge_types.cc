#include "table/merge_types.h"

#include <arrow/type.h>

#include <algorithm>

namespace vecmill {
namespace {

std::shared_ptr<arrow::DataType> CommonStruct(const arrow::DataType& a, const arrow::DataType& b) {
  arrow::FieldVector fields = a.fields();
  for (const auto& field : b.fields()) {
    const auto same = std::find_if(fields.begin(), fields.end(), [&](const auto& known) {
      return known->name() == field->name();
    });
    if (same == fields.end()) {
      fields.push_back(field);
      continue;
    }
    const std::shared_ptr<arrow::DataType> type = CommonType((*same)->type(), field->type());
    if (!type) return nullptr;
    *same = (*same)->WithType(type);
  }
  return arrow::struct_(fields);
}

// Replace every `from` in `type` by a string.
std::shared_ptr<arrow::DataType> ToStrings(const std::shared_ptr<arrow::DataType>& type,
                                           arrow::Type::type from) {
  if (type->id() == from) return arrow::utf8();
  if (type->id() == arrow::Type::LIST) {
    const auto& field = type->field(0);
    return arrow::list(field->WithType(ToStrings(field->type(), from)));
  }
  if (type->id() == arrow::Type::STRUCT) {
    arrow::FieldVector fields = type->fields();
    for (auto& field : fields) field = field->WithType(ToStrings(field->type(), from));
    return arrow::struct_(fields);
  }
  return type;
}

}  // namespace

std::shared_ptr<arrow::DataType> CommonType(const std::shared_ptr<arrow::DataType>& a,
                                            const std::shared_ptr<arrow::DataType>& b) {
  if (a->Equals(*b) || b->id() == arrow::Type::NA) return a;
  if (a->id() == arrow::Type::NA) return b;
  const auto either_is = [&](arrow::Type::type x, arrow::Type::type y) {
    return (a->id() == x && b->id() == y) || (a->id() == y && b->id() == x);
  };
  if (either_is(arrow::Type::INT64, arrow::Type::DOUBLE)) return arrow::float64();
  if (either_is(arrow::Type::STRUCT, arrow::Type::STRUCT)) return CommonStruct(*a, *b);
  if (either_is(arrow::Type::LIST, arrow::Type::LIST)) {
    const std::shared_ptr<arrow::DataType> element =
        CommonType(a->field(0)->type(), b->field(0)->type());
    return element ? arrow::list(a->field(0)->WithType(element)) : nullptr;
  }
  return nullptr;
}

std::shared_ptr<arrow::DataType> TimestampsToStrings(const std::shared_ptr<arrow::DataType>& type) {
  return ToStrings(type, arrow::Type::TIMESTAMP);
}

std::shared_ptr<arrow::DataType> NullsToStrings(const std::shared_ptr<arrow::DataType>& type) {
  return ToStrings(type, arrow::Type::NA);
}

}  // namespace vecmill

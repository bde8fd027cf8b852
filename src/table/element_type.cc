#include "table/element_type.h"

#include <arrow/type.h>

namespace vecmill {

std::shared_ptr<arrow::DataType> ElementType(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFloat32:
      return arrow::float32();
    case Dtype::kFloat16:
      return arrow::float16();
    case Dtype::kInt8:
    case Dtype::kBinary:
      return arrow::int8();
    case Dtype::kUint8:
    case Dtype::kUbinary:
      return arrow::uint8();
  }
  return arrow::null();
}

}  // namespace vecmill

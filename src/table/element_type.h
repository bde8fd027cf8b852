// table/element_type.h: the type that Arrow has for the values of a vector.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "vecmill/dtype.h"

namespace vecmill {

std::shared_ptr<arrow::DataType> ElementType(Dtype dtype);

}  // namespace vecmill

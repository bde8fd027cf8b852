// table/merge_types.h: types of columns that nobody wrote down. Of this room alone.
#pragma once

#include <memory>

namespace arrow {
class DataType;
}

namespace vecmill {

// The narrowest type that holds the values of both: null gives way to anything and integers to
// double; lists merge their elements, structs their fields, in order of first appearance. nullptr
// if there is none: the caller knows whether its format can read everything as string.
std::shared_ptr<arrow::DataType> CommonType(const std::shared_ptr<arrow::DataType>& a,
                                            const std::shared_ptr<arrow::DataType>& b);

// `type` with strings for timestamps, at any depth: JSON has none, and what Arrow takes for one
// would not be written as it was read.
std::shared_ptr<arrow::DataType> TimestampsToStrings(const std::shared_ptr<arrow::DataType>& type);

// `type` with strings for null, at any depth: no value was seen.
std::shared_ptr<arrow::DataType> NullsToStrings(const std::shared_ptr<arrow::DataType>& type);

}  // namespace vecmill

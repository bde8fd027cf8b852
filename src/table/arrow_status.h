// table/arrow_status.h: Arrow's and Parquet's failures as vecmill::Error. Of this room alone.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "vecmill/error.h"

namespace arrow {
class Status;
template <typename T>
class Result;
}  // namespace arrow

namespace vecmill {

// Throw the Error that `status` means, unless it is OK. The message is `where` (file and
// operation), then Arrow's own words and the system's. The code: kNotFound or kIo when the
// operating system refused, kUnsupported for what Arrow does not implement, else `otherwise`:
// kCorrupt where a local file is read, kIo where one is written. Errors: also std::bad_alloc, for
// Arrow's OutOfMemory.
void ThrowIfError(const arrow::Status& status, const std::string& where, ErrorCode otherwise);

template <typename T>
T ValueOrThrow(arrow::Result<T> result, const std::string& where, ErrorCode otherwise) {
  ThrowIfError(result.status(), where, otherwise);
  return std::move(result).ValueUnsafe();
}

// Call `fn`; an exception that is neither Error nor std::bad_alloc becomes an Error with code
// `otherwise`. Parquet throws its own where a file is damaged in ways it does not expect.
template <typename Fn>
auto TranslateExceptions(const std::string& where, ErrorCode otherwise, Fn&& fn) {
  try {
    return fn();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    throw Error(otherwise, where + ": " + e.what());
  }
}

}  // namespace vecmill

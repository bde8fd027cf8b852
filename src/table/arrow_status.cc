#include "table/arrow_status.h"

#include <arrow/status.h>
#include <arrow/util/io_util.h>

#include <cerrno>
#include <cstring>

namespace vecmill {

void ThrowIfError(const arrow::Status& status, const std::string& where, ErrorCode otherwise) {
  if (status.ok()) return;
  if (status.IsOutOfMemory()) throw std::bad_alloc();

  std::string message = where + ": " + status.message();
  ErrorCode code = status.IsNotImplemented() ? ErrorCode::kUnsupported : otherwise;
  if (const int system_error = arrow::internal::ErrnoFromStatus(status); system_error != 0) {
    message += std::string(": ") + std::strerror(system_error);
    const bool missing = system_error == ENOENT || system_error == ENOTDIR;
    code = missing ? ErrorCode::kNotFound : ErrorCode::kIo;
  }
  throw Error(code, message);
}

}  // namespace vecmill

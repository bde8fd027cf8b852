// vecmill/error.h: the one exception type of the library.
#pragma once

#include <stdexcept>
#include <string>

namespace vecmill {

enum class ErrorCode {
  kInvalidArgument,  // the caller asked for something impossible: an option, a column name
  kNotFound,         // a file, a folder or a tensor is not there
  kCorrupt,          // a file is there but breaks its format
  kUnsupported,      // valid, but this build cannot run it
  kIo,               // the operating system refused: permissions, disk full
  kInternal,         // a bug of vecmill
};

// A call failed. The message reads "where: why, with numbers": it names the file, the tensor or
// row, what was found and what was expected. The failure of one row is never an Error; see
// RowAccount.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace vecmill

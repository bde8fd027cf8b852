// base/check.h: checks for our own bugs. Never for input: what a user can trigger is an Error.
#pragma once

#include <string>

#include "vecmill/error.h"

namespace vecmill {

[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  throw Error(ErrorCode::kInternal, std::string(file) + ":" + std::to_string(line) +
                                        ": check failed: " + condition +
                                        ". This is a bug of vecmill; please report it.");
}

}  // namespace vecmill

#define VECMILL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::vecmill::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define VECMILL_DCHECK(condition) static_cast<void>(0)
#else
#define VECMILL_DCHECK(condition) VECMILL_CHECK(condition)
#endif

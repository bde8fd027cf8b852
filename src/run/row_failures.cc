#include "run/row_failures.h"

#include "vecmill/error.h"

namespace vecmill {

void ThrowIfRowFailed(const RowAccount& account, const std::string& where, int64_t row,
                      int64_t max_tokens) {
  if (RowError(account).empty()) return;
  const std::string begin = where + ": row " + std::to_string(row) + ": ";
  if (account.too_long) {
    throw Error(ErrorCode::kUnsupported,
                begin + RowError(account) + ", and the model takes " + std::to_string(max_tokens) +
                    "; shorten it, cut long rows (--long truncate or chunk), or go on without them "
                    "(--on-error null)");
  }
  throw Error(ErrorCode::kCorrupt,
              begin + "invalid UTF-8; repair the text, or go on (--on-error null)");
}

}  // namespace vecmill

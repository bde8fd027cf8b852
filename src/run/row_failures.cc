#include "run/row_failures.h"

#include "vecmill/error.h"

namespace vecmill {

void ThrowIfRowFailed(std::span<const RowAccount> accounts, const std::string& where,
                      int64_t first_row, int64_t max_tokens) {
  for (size_t i = 0; i < accounts.size(); ++i) {
    const RowAccount& account = accounts[i];
    if (RowError(account).empty()) continue;
    const std::string row = where + ": row " + std::to_string(first_row + static_cast<int64_t>(i));
    if (account.too_long) {
      throw Error(ErrorCode::kUnsupported,
                  row + ": " + RowError(account) + ", and the model takes " +
                      std::to_string(max_tokens) +
                      "; shorten it, cut long rows (--long truncate), or go on without them "
                      "(--on-error null)");
    }
    throw Error(ErrorCode::kCorrupt,
                row + ": invalid UTF-8; repair the text, or go on (--on-error null)");
  }
}

}  // namespace vecmill

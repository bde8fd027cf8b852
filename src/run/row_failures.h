// run/row_failures.h: what --on-error fail does.
#pragma once

#include <cstdint>
#include <string>

#include "vecmill/stats.h"

namespace vecmill {

// Throws if RowError has something to say about `account`, naming the row: `where`, its number
// `row`, and the model's limit of `max_tokens`. Errors: kUnsupported (too long), kCorrupt (invalid
// UTF-8).
void ThrowIfRowFailed(const RowAccount& account, const std::string& where, int64_t row,
                      int64_t max_tokens);

}  // namespace vecmill

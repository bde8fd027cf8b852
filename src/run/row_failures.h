// run/row_failures.h: what --on-error fail does.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "vecmill/stats.h"

namespace vecmill {

// Throws for the first of `accounts` that RowError has something to say about, naming the row:
// `where`, its number counted on from `first_row`, and the model's limit of `max_tokens`. Errors:
// kUnsupported (too long), kCorrupt (invalid UTF-8).
void ThrowIfRowFailed(std::span<const RowAccount> accounts, const std::string& where,
                      int64_t first_row, int64_t max_tokens);

}  // namespace vecmill

#include "run/row_failures.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

void ExpectFailure(const RowAccount& account, ErrorCode code, const std::string& begin) {
  try {
    ThrowIfRowFailed(account, "a.csv", 101, 32);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(std::string(error.what()).substr(0, begin.size()), begin);
  }
}

TEST(ThrowIfRowFailed, LetsNullAndCutRowsPass) {
  ThrowIfRowFailed({.num_tokens = 32, .truncated = true, .duplicate = true}, "a.csv", 0, 32);
  ThrowIfRowFailed({.is_null = true}, "a.csv", 0, 32);
}

TEST(ThrowIfRowFailed, NamesTheRow) {
  ExpectFailure({.too_long = true, .too_many_tokens = 40}, ErrorCode::kUnsupported,
                "a.csv: row 101: too long: 40 tokens, and the model takes 32; ");
  ExpectFailure({.num_tokens = 3, .invalid_utf8 = true}, ErrorCode::kCorrupt,
                "a.csv: row 101: invalid UTF-8; ");
}

}  // namespace
}  // namespace vecmill

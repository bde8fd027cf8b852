#include "run/row_failures.h"

#include <gtest/gtest.h>

#include <vector>

#include "vecmill/error.h"

namespace vecmill {
namespace {

void ExpectFailure(const std::vector<RowAccount>& accounts, ErrorCode code,
                   const std::string& begin) {
  try {
    ThrowIfRowFailed(accounts, "a.csv", 100, 32);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(std::string(error.what()).substr(0, begin.size()), begin);
  }
}

const RowAccount kGood = {.num_tokens = 32, .truncated = true, .duplicate = true};
const RowAccount kNull = {.is_null = true};
const RowAccount kLong = {.too_long = true, .too_many_tokens = 40};
const RowAccount kInvalid = {.num_tokens = 3, .invalid_utf8 = true};

TEST(ThrowIfRowFailed, LetsNullAndCutRowsPass) {
  ThrowIfRowFailed(std::vector<RowAccount>{kGood, kNull, kGood}, "a.csv", 0, 32);
}

TEST(ThrowIfRowFailed, NamesTheFirstRow) {
  ExpectFailure({kGood, kLong, kInvalid}, ErrorCode::kUnsupported,
                "a.csv: row 101: too long: 40 tokens, and the model takes 32; ");
  ExpectFailure({kNull, kGood, kInvalid, kLong}, ErrorCode::kCorrupt,
                "a.csv: row 102: invalid UTF-8; ");
}

}  // namespace
}  // namespace vecmill

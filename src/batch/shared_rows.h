// batch/shared_rows.h: which rows share what is computed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "vecmill/text_span.h"

namespace vecmill {

// Of N rows, or N spans of rows. A null row shares nothing. Constant after construction.
class SharedRows {
 public:
  // `spans` [N], or empty for rows as they are.
  SharedRows(std::span<const std::optional<std::string_view>> rows,
             std::span<const TextSpan> spans);

  // The first row of the same text, which goes through the network for all of them.
  std::span<const int64_t> text() const { return text_; }
  // The first row of the same text and span, whose vector is made.
  std::span<const int64_t> vector() const { return vector_; }

  // The rows whose vectors are made from the text of `row`, in order; none if row != text()[row].
  std::span<const int64_t> MadeFrom(int64_t row) const;

 private:
  bool is_made(size_t row) const { return vector_[row] == static_cast<int64_t>(row); }

  std::vector<int64_t> text_;
  std::vector<int64_t> vector_;
  std::vector<int64_t> begins_;  // [N + 1] of a text's rows in made_
  std::vector<int64_t> made_;
};

}  // namespace vecmill

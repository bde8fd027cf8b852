// vecmill/text_span.h: a part of a text.
#pragma once

#include <cstdint>

namespace vecmill {

// Bytes [begin, end).
struct TextSpan {
  int64_t begin = 0;
  int64_t end = 0;

  bool operator==(const TextSpan&) const = default;
};

}  // namespace vecmill

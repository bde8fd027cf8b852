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

// What a row is cut into.
struct TextChunk {
  TextSpan span;     // of the row's text
  TextSpan context;  // what of it goes through the network with the chunk; holds `span`

  bool operator==(const TextChunk&) const = default;
};

}  // namespace vecmill

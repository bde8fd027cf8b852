// tokenizer/chunk_cutter.h: a long text cut into chunks of so many tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "vecmill/text_span.h"

namespace vecmill {

struct ChunkRule {
  int64_t max_tokens = 0;      // of a chunk
  int64_t overlap_tokens = 0;  // at most so many of a chunk are those at the end of the one before
  // Tokens of a word, with the white space before it: what a chunk grows by, nearly.
  std::function<int64_t(std::string_view)> count_piece;
  // Tokens of a text that is a chunk. May stop counting beyond max_tokens.
  std::function<int64_t(std::string_view)> count_chunk;
};

// The chunks of `text`, at least one; begins and ends grow. A text that fits is one chunk as it is.
// Else a chunk is whole words as they stand in the text, as many as fit, nearly; only white space
// is in no chunk. Words end at white space, and beside every character of a script that is written
// without it. A word of more tokens than fit is cut between grapheme clusters, and a cluster of
// more between code points; a code point of more is a chunk that does not fit. `text` may hold
// bytes that are not UTF-8; each is taken for a code point.
//
// Every chunk is verified by count_chunk. Time is linear in the text where those of count_piece, of
// a few kilobytes at most, and count_chunk are, but for the texts of chunks being counted some
// times over. Memory: the spans, and the words of a chunk.
// REQUIRES: 0 <= overlap_tokens < max_tokens. Threads: a pure function.
std::vector<TextSpan> CutIntoChunks(std::string_view text, const ChunkRule& rule);

}  // namespace vecmill

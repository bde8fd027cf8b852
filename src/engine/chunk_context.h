// engine/chunk_context.h: chunks whose tokens see the text around them.
//
// A text goes through the network as one sequence, and the states of each chunk's tokens are pooled
// on their own.
//
// Source: Guenther et al. 2024, "Late Chunking", arXiv:2409.04701, section 3.1. There tokenizers
//         say where their tokens stand in the text; ours do not, since normalizers add, drop and
//         reorder characters. What a byte of the text has before it is found by encoding that.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "batch/packed_batch.h"
#include "vecmill/text_span.h"

namespace vecmill {

// The part of `text` that each of `chunks` [n] goes through the network with: all of it if it
// `fits`, or else as many chunks as do, from the begin of the first to the end of the last. A chunk
// that does not fit is alone. `fits` is asked of at most n + 1 parts.
std::vector<TextSpan> ContextsOf(std::string_view text, std::span<const TextSpan> chunks,
                                 const std::function<bool(std::string_view)>& fits);

// Ids of the begin of a text, special tokens before it included, those behind it not.
using EncodeBegin = std::function<std::vector<int32_t>(std::string_view)>;

// Which of `ids`, those of `text` with all special tokens, stand for `span` of it. A token is of
// the text before byte b if it is among the leading tokens that this has by itself too. White space
// behind the span belongs to it; so do the special tokens, and the prompt, at an end of the text
// that the span, but for white space, reaches. So spans that leave out white space alone have every
// token, and if they do not overlap each once; but a span that would have none of the text's tokens
// shares the one at which it begins. One token at least; a function of the arguments alone.
// `text` is UTF-8; the last `num_trailing` ids are special. Time: two calls of `encode_begin`.
// REQUIRES: ids is not empty.
TokenRange TokensOf(std::string_view text, TextSpan span, std::span<const int32_t> ids,
                    int64_t num_trailing, const EncodeBegin& encode_begin);

}  // namespace vecmill

#include "engine/chunk_context.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace vecmill {
namespace {

std::string_view Slice(std::string_view text, TextSpan span) {
  return text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin));
}

int64_t SkipWhiteSpace(std::string_view text, int64_t pos) {
  const CodePoints& code_points = CodePoints::Get();
  while (pos < static_cast<int64_t>(text.size())) {
    const DecodedCodePoint found = DecodeUtf8(text, pos);
    if ((code_points.Properties(found.value) & kIsWhiteSpace) == 0) break;
    pos += found.num_bytes;
  }
  return pos;
}

}  // namespace

std::vector<TextSpan> ContextsOf(std::string_view text, std::span<const TextSpan> chunks,
                                 const std::function<bool(std::string_view)>& fits) {
  if (fits(text)) return {chunks.size(), {0, static_cast<int64_t>(text.size())}};
  std::vector<TextSpan> contexts;
  size_t first = 0;  // chunk of the context at hand
  for (size_t i = 1; i <= chunks.size(); ++i) {
    if (i < chunks.size() && fits(Slice(text, {chunks[first].begin, chunks[i].end}))) continue;
    contexts.resize(i, {chunks[first].begin, chunks[i - 1].end});
    first = i;
  }
  return contexts;
}

TokenRange TokensOf(std::string_view text, TextSpan span, std::span<const int32_t> ids,
                    int64_t num_trailing, const EncodeBegin& encode_begin) {
  const auto num_before = [&](int64_t byte) {
    const std::vector<int32_t> before = encode_begin(text.substr(0, static_cast<size_t>(byte)));
    const auto differ = std::mismatch(before.begin(), before.end(), ids.begin(), ids.end());
    return static_cast<int64_t>(differ.first - before.begin());
  };
  const auto num_tokens = static_cast<int64_t>(ids.size());
  const int64_t end_byte = SkipWhiteSpace(text, span.end);
  const bool is_first = span.begin <= SkipWhiteSpace(text, 0);
  const bool is_last = end_byte == static_cast<int64_t>(text.size());
  const int64_t text_end = num_tokens - num_trailing;
  TokenRange tokens = {.begin = num_before(is_first ? 0 : span.begin),
                       .end = is_last ? text_end : num_before(end_byte)};
  if (tokens.size() < 1) {
    tokens.end = std::max<int64_t>(std::min(tokens.begin + 1, text_end), 1);
    tokens.begin = tokens.end - 1;
  }
  if (is_first) tokens.begin = 0;
  if (is_last) tokens.end = num_tokens;
  return tokens;
}

}  // namespace vecmill

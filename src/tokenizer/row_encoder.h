// tokenizer/row_encoder.h: what all tokenizers do with a row: its special tokens, and the added
// tokens that are looked for in the text as it came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/id_sink.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/raw_splitter.h"
#include "tokenizer/token_matcher.h"
#include "vecmill/error.h"

namespace vecmill {

// Tokenizer::Encode. `make_segment`, given the IdSink* of the row, makes what encodes the text
// between two added tokens, with
//   void Append(std::string_view piece);  // the next piece, where the last one ended
//   void Finish();                        // the text ends; the next Append begins another
template <typename MakeSegment>
bool EncodeRow(std::string_view text, int64_t max_tokens, const PostProcessor& post_processor,
               const TokenMatcher& raw, const MakeSegment& make_segment,
               std::vector<int32_t>* ids) {
  const std::vector<int32_t>& prefix = post_processor.prefix;
  const std::vector<int32_t>& suffix = post_processor.suffix;
  auto num_special = static_cast<int64_t>(prefix.size() + suffix.size());
  if (max_tokens < num_special) {
    throw Error(ErrorCode::kInvalidArgument,
                "tokenizer: max_tokens is " + std::to_string(max_tokens) + ", but the " +
                    std::to_string(num_special) + " special tokens of every row must fit");
  }
  ids->insert(ids->end(), prefix.begin(), prefix.end());
  IdSink sink(max_tokens - num_special, ids);
  auto segment = make_segment(&sink);
  RawSplitter splitter(raw, text);
  while (!splitter.done() && !sink.cut()) {
    RawSplitter::Part part = splitter.Next();
    segment.Append(part.text);
    if (part.found && !sink.cut()) {
      segment.Finish();
      sink.Add(part.id);
    }
  }
  if (!sink.cut()) segment.Finish();
  ids->insert(ids->end(), suffix.begin(), suffix.end());
  return sink.cut();
}

}  // namespace vecmill

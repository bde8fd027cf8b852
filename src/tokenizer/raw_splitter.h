// tokenizer/raw_splitter.h: cut a text at the added tokens that are looked for as it came.
#pragma once

#include <cstdint>
#include <string_view>

#include "tokenizer/token_matcher.h"

namespace vecmill {

// Goes through one text, piece by piece. White space beside a token that strips it belongs to the
// token and is in no piece.
class RawSplitter {
 public:
  // A piece of the text, and the token behind it if `found`. Pieces that follow one another without
  // a token between them belong together. Pieces are whole code points, and may be empty.
  struct Part {
    std::string_view text;
    bool found;
    int32_t id;
  };

  // Both are borrowed for the lifetime of this.
  RawSplitter(const TokenMatcher& matcher, std::string_view text)
      : matcher_(matcher), text_(text) {}

  bool done() const { return searched_ == static_cast<int64_t>(text_.size()); }

  // REQUIRES: not done(). Reads the next few kilobytes, white space that a later token may strip
  // aside: that is read to its end.
  Part Next();

 private:
  bool IsSpaceAt(int64_t pos) const;
  int64_t SpaceEnd(int64_t begin, int64_t end) const;
  int64_t SpaceBegin(int64_t end, int64_t searched_before) const;

  const CodePoints& code_points_ = CodePoints::Get();
  const TokenMatcher& matcher_;
  const std::string_view text_;
  int64_t released_ = 0;  // text[0, released_) was in a piece or belongs to a token
  int64_t searched_ = 0;  // no other token begins before; text[released_, searched_) is white space
  bool stripping_ = false;  // white space at released_ belongs to the token before it
};

}  // namespace vecmill

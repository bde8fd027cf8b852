#include "tokenizer/raw_splitter.h"

#include <algorithm>

namespace vecmill {
namespace {

// Bytes searched at once. Some hundred tokens: less would spend time on the seams, more would be
// read in vain behind the cut of a row and leave the first-level cache.
constexpr int64_t kPieceBytes = 2048;

}  // namespace

RawSplitter::Part RawSplitter::Next() {
  int64_t size = static_cast<int64_t>(text_.size());
  int64_t until = std::min(size, searched_ + kPieceBytes);
  while (until < size && IsUtf8Continuation(text_[static_cast<size_t>(until)])) ++until;
  TokenMatcher::Match match = matcher_.Find(text_, searched_, until, /*at_end=*/true);

  if (stripping_) {
    released_ = SpaceEnd(released_, match.begin);
    stripping_ = released_ == match.begin;
  }
  int64_t end = match.begin;
  bool strips = match.found ? match.lstrip : matcher_.any_lstrip() && match.begin < size;
  if (strips) end = SpaceBegin(match.begin, searched_);
  Part part{
      .text = text_.substr(static_cast<size_t>(released_), static_cast<size_t>(end - released_)),
      .found = match.found,
      .id = match.id};
  released_ = match.found ? match.end : end;
  searched_ = match.end;
  if (match.found) stripping_ = match.rstrip;
  return part;
}

bool RawSplitter::IsSpaceAt(int64_t pos) const {
  return (code_points_.Properties(DecodeUtf8(text_, pos).value) & kIsWhiteSpace) != 0;
}

// Where the white space that begins at `begin` ends, at `end` at the latest.
int64_t RawSplitter::SpaceEnd(int64_t begin, int64_t end) const {
  while (begin < end && IsSpaceAt(begin)) begin += DecodeUtf8(text_, begin).num_bytes;
  return begin;
}

// Where the white space that ends at `end` begins, at released_ at the earliest. All between
// released_ and searched_before is known to be white space and not read again.
int64_t RawSplitter::SpaceBegin(int64_t end, int64_t searched_before) const {
  while (end > std::max(released_, searched_before)) {
    int64_t previous = PreviousUtf8(text_, end);
    if (!IsSpaceAt(previous)) return end;
    end = previous;
  }
  return released_;
}

}  // namespace vecmill

// Where tokens begin in the raw text is not known: normalizers add, drop and reorder characters.
// So words of the raw text are counted one by one, added up until a chunk is full, and the chunk's
// text is then counted as a whole, which is what its vector is made of. With most tokenizers the
// sum is that count, and one try does; where words share tokens (a script without white space, a
// word cut to pieces) it is too large, and the chunk grows in proportion; where it is too small the
// chunk shrinks.
#include "tokenizer/chunk_cutter.h"

#include <algorithm>
#include <deque>
#include <numeric>

#include "base/check.h"
#include "base/utf8.h"
#include "tokenizer/grapheme.h"
#include "tokenizer/unicode.h"

namespace vecmill {
namespace {

// Longer words are cut without counting them, and longer white space ends a chunk: a word of BPE
// takes many times its size.
constexpr int64_t kMaxPieceBytes = 4096;
// Longer grapheme clusters are cut between code points.
constexpr int64_t kMaxClusterBytes = 256;
// Times that a chunk may grow; each at most doubles it.
constexpr int kMaxGrowths = 6;

// Of scripts written without white space between words, beside ideographs.
constexpr struct {
  char32_t first;
  char32_t last;
} kNoSpaces[] = {
    {0x0E00, 0x0EFF},  // Thai, Lao
    {0x0F00, 0x0FFF},  // Tibetan
    {0x1000, 0x109F},  // Myanmar
    {0x1780, 0x17FF},  // Khmer
    {0x3000, 0x30FF},  // ideographic punctuation, Hiragana, Katakana
    {0x31F0, 0x31FF},  // Katakana
    {0xFF00, 0xFFEF},  // full and half width forms
};

struct Word {
  TextSpan span;
  int64_t tokens = 0;         // with the white space before it
  bool begins_chunk = false;  // the white space before it is too long for a chunk
};

class Cutter {
 public:
  Cutter(std::string_view text, const ChunkRule& rule)
      : text_(text), rule_(rule), size_(static_cast<int64_t>(text.size())) {}

  std::vector<TextSpan> Cut();

 private:
  enum class Unit { kCluster, kCodePoint };

  std::string_view Slice(TextSpan span) const {
    return text_.substr(static_cast<size_t>(span.begin),
                        static_cast<size_t>(span.end - span.begin));
  }
  TextSpan SpanOf(int64_t num_words) const {
    return {words_.front().span.begin, words_[static_cast<size_t>(num_words - 1)].span.end};
  }
  // Tokens of the first `num_words` of words_ as a chunk.
  int64_t Count(int64_t num_words) const { return rule_.count_chunk(Slice(SpanOf(num_words))); }

  DecodedCodePoint Decode(int64_t pos) const;
  int64_t UnitEnd(int64_t begin, Unit unit) const;
  bool NeedsNoSpaces(int64_t pos) const;
  bool ReadWord();
  void Break(TextSpan span, Unit unit, int64_t counted_from, std::deque<Word>& words) const;

  int64_t NumWords(int64_t from, int64_t max_tokens);
  int64_t Tokens(int64_t begin, int64_t end) const;
  int64_t Fill();
  int64_t Shrink(int64_t num_words) const;
  int64_t Grow(int64_t num_words, int64_t tokens);
  bool BreakFirst();

  const std::string_view text_;
  const ChunkRule& rule_;
  const int64_t size_;
  const bool is_utf8_ = IsValidUtf8(text_);
  const CodePoints& code_points_ = CodePoints::Get();
  const Graphemes& graphemes_ = Graphemes::Get();
  int64_t read_ = 0;        // text before it is in words_, or was
  std::deque<Word> words_;  // from the first word of the chunk at hand on
};

// The code point at `pos`, U+FFFD for a byte that is not UTF-8.
DecodedCodePoint Cutter::Decode(int64_t pos) const {
  const DecodedCodePoint found = DecodeUtf8(text_, pos);
  if (is_utf8_ || IsValidUtf8(Slice({pos, pos + found.num_bytes}))) return found;
  return {0xFFFD, 1};
}

int64_t Cutter::UnitEnd(int64_t begin, Unit unit) const {
  if (unit == Unit::kCluster && is_utf8_) {
    const TextSpan near = {begin, std::min(begin + kMaxClusterBytes, size_)};
    const int64_t end = begin + graphemes_.ClusterEnd(Slice(near), 0);
    if (end + 4 <= near.end || near.end == size_) return end;
  }
  return begin + Decode(begin).num_bytes;
}

bool Cutter::NeedsNoSpaces(int64_t pos) const {
  const char32_t c = Decode(pos).value;
  if ((code_points_.Properties(c) & kIsIdeograph) != 0) return true;
  return std::any_of(std::begin(kNoSpaces), std::end(kNoSpaces),
                     [c](const auto& range) { return c >= range.first && c <= range.last; });
}

// Append the next word, or what it is cut to, to words_. False at the end of the text.
bool Cutter::ReadWord() {
  const auto is_space = [&](int64_t pos) {
    return (code_points_.Properties(Decode(pos).value) & kIsWhiteSpace) != 0;
  };
  const int64_t gap = read_;
  int64_t begin = gap;
  while (begin < size_ && is_space(begin)) begin += Decode(begin).num_bytes;
  if (begin == size_) return false;
  int64_t end = begin;
  if (NeedsNoSpaces(begin)) {
    end = UnitEnd(begin, Unit::kCluster);
  } else {
    while (end < size_ && !is_space(end) && !NeedsNoSpaces(end)) end += Decode(end).num_bytes;
  }
  read_ = end;
  const bool begins_chunk = begin - gap > kMaxPieceBytes;
  const int64_t counted_from = begins_chunk ? begin : gap;
  const size_t num_before = words_.size();
  const int64_t tokens = end - begin > kMaxPieceBytes
                             ? rule_.max_tokens + 1
                             : rule_.count_piece(Slice({counted_from, end}));
  if (tokens <= rule_.max_tokens) {
    words_.push_back({.span = {begin, end}, .tokens = tokens});
  } else {
    Break({begin, end}, Unit::kCluster, counted_from, words_);
  }
  words_[num_before].begins_chunk = begins_chunk;
  return true;
}

// Append the units of `span` to `words`; the first is counted with what is before it.
void Cutter::Break(TextSpan span, Unit unit, int64_t counted_from, std::deque<Word>& words) const {
  for (int64_t begin = span.begin; begin < span.end;) {
    const int64_t end = std::min(UnitEnd(begin, unit), span.end);
    words.push_back(
        {.span = {begin, end}, .tokens = rule_.count_piece(Slice({counted_from, end}))});
    counted_from = begin = end;
  }
}

// Words from `from` on whose tokens are `max_tokens` at most together.
int64_t Cutter::NumWords(int64_t from, int64_t max_tokens) {
  int64_t end = from;
  int64_t tokens = 0;
  while (end < static_cast<int64_t>(words_.size()) || ReadWord()) {
    const Word& word = words_[static_cast<size_t>(end)];
    tokens += word.tokens;
    if (tokens > max_tokens || (word.begins_chunk && end > 0)) break;
    ++end;
  }
  return end - from;
}

int64_t Cutter::Tokens(int64_t begin, int64_t end) const {
  int64_t tokens = 0;
  for (int64_t i = begin; i < end; ++i) tokens += words_[static_cast<size_t>(i)].tokens;
  return tokens;
}

// How many of words_ make the chunk at hand. REQUIRES: words_ is not empty.
int64_t Cutter::Fill() {
  while (true) {
    const int64_t num_words = std::max<int64_t>(NumWords(0, rule_.max_tokens), 1);
    const int64_t tokens = Count(num_words);
    if (tokens <= rule_.max_tokens) return Grow(num_words, tokens);
    const int64_t fitting = Shrink(num_words);
    if (fitting > 0) return fitting;
    if (!BreakFirst()) return 1;
  }
}

// As many of the first `num_words` words, which do not fit, as do, nearly; 0 if not even one does.
// Mostly a word or two are too many, so the search begins there.
int64_t Cutter::Shrink(int64_t num_words) const {
  int64_t fitting = 0;
  int64_t too_many = num_words;
  const int64_t close = std::max<int64_t>(num_words / 16, 1);
  int64_t step = std::max<int64_t>(num_words / 32, 1);
  while (too_many > 1 && too_many - fitting > close) {
    const int64_t tried =
        fitting > 0 ? std::midpoint(fitting, too_many) : std::max<int64_t>(too_many - step, 1);
    if (Count(tried) > rule_.max_tokens) {
      too_many = tried;
    } else {
      fitting = tried;
    }
    step *= 2;
  }
  return fitting;
}

// Add words to the first `num_words`, which have so many tokens, while there is room for more than
// a sixteenth of a chunk.
int64_t Cutter::Grow(int64_t num_words, int64_t tokens) {
  for (int i = 0; i < kMaxGrowths; ++i) {
    const int64_t room = rule_.max_tokens - tokens;
    if (room <= rule_.max_tokens / 16) break;
    const int64_t counted = Tokens(0, num_words);
    const int64_t in_proportion = room * counted / std::max<int64_t>(tokens, 1);
    const int64_t num_more =
        NumWords(num_words, std::clamp(in_proportion, room, std::max(counted, room)));
    if (num_more == 0) break;
    tokens = Count(num_words + num_more);
    if (tokens > rule_.max_tokens) break;
    num_words += num_more;
  }
  return num_words;
}

// Put the parts of the first word in its place. False if it has none.
bool Cutter::BreakFirst() {
  const TextSpan span = words_.front().span;
  for (const Unit unit : {Unit::kCluster, Unit::kCodePoint}) {
    if (UnitEnd(span.begin, unit) >= span.end) continue;
    std::deque<Word> parts;
    Break(span, unit, span.begin, parts);
    words_.pop_front();
    words_.insert(words_.begin(), parts.begin(), parts.end());
    return true;
  }
  return false;
}

std::vector<TextSpan> Cutter::Cut() {
  if (rule_.count_chunk(text_) <= rule_.max_tokens) return {{0, size_}};
  std::vector<TextSpan> chunks;
  int64_t covered = 0;  // text before it is in `chunks`
  while (!words_.empty() || ReadWord()) {
    if (words_.back().span.end <= covered && !ReadWord()) break;
    const int64_t num_words = Fill();
    if (SpanOf(num_words).end <= covered) {
      while (words_.front().span.end <= covered) words_.pop_front();
      continue;
    }
    chunks.push_back(SpanOf(num_words));
    covered = chunks.back().end;
    int64_t num_left = num_words;  // not in the next chunk
    while (num_left > 1 && Tokens(num_left - 1, num_words) <= rule_.overlap_tokens) --num_left;
    words_.erase(words_.begin(), words_.begin() + num_left);
  }
  if (chunks.empty()) chunks.push_back({0, 0});
  return chunks;
}

}  // namespace

std::vector<TextSpan> CutIntoChunks(std::string_view text, const ChunkRule& rule) {
  VECMILL_CHECK(rule.overlap_tokens >= 0 && rule.overlap_tokens < rule.max_tokens);
  return Cutter(text, rule).Cut();
}

}  // namespace vecmill

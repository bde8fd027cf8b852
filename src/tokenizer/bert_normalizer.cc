// The wheel runs each step over the whole text. Here every code point goes through all steps at
// once, so that a text can be left in the middle. Only canonical ordering looks beyond one code
// point: a run of marks is sorted by combining class. Most marks are nonspacing and removed right
// after; as the sort is stable, removing them first changes nothing for the others, which are few
// and rare, so they alone are held back until the run ends. Removed marks of class zero still end a
// run.
#include "tokenizer/bert_normalizer.h"

#include <algorithm>

namespace vecmill {

BertNormalizer::BertNormalizer(const Json& json, const std::string& where) {
  clean_text_ = json.GetBool("clean_text", where);
  handle_chinese_chars_ = json.GetBool("handle_chinese_chars", where);
  lowercase_ = json.GetBool("lowercase", where);
  strip_accents_ = json.GetBool("strip_accents", where, /*fallback=*/lowercase_);

  if (clean_text_) changing_ |= kIsControl | kIsWhiteSpace;
  if (handle_chinese_chars_) changing_ |= kIsIdeograph;
  if (strip_accents_) changing_ |= kIsMark | kIsReordered | kDecomposes;
  if (lowercase_) changing_ |= kLowers;
  of_byte_.fill(kNotAscii);
  for (char32_t c = 0; c < 0x80; ++c) {
    State state;
    std::string normalized;
    AppendCodePoint(c, &state, &normalized);
    of_byte_[c] = normalized.empty() ? kRemoved : static_cast<int16_t>(normalized[0]);
  }
}

void BertNormalizer::Append(std::string_view piece, State* state, std::string* dst) const {
  size_t pos = 0;
  while (pos < piece.size()) {
    int16_t ascii = of_byte_[static_cast<unsigned char>(piece[pos])];
    if (ascii == kRemoved) {
      ++pos;
      continue;
    }
    if (ascii != kNotAscii) {
      FlushMarks(state, dst);
      pos += AppendAscii(piece.substr(pos), dst);
      continue;
    }
    DecodedCodePoint c = DecodeUtf8(piece, static_cast<int64_t>(pos));
    size_t num_bytes = static_cast<size_t>(c.num_bytes);
    if ((code_points_.Properties(c.value) & changing_) == 0 && state->marks.empty()) {
      dst->append(piece, pos, num_bytes);
    } else {
      AppendCodePoint(c.value, state, dst);
    }
    pos += num_bytes;
  }
}

// Normalizes the ASCII at the start of `piece` up to what is removed; returns how many bytes.
size_t BertNormalizer::AppendAscii(std::string_view piece, std::string* dst) const {
  size_t n = 0;
  while (n < piece.size() && of_byte_[static_cast<unsigned char>(piece[n])] >= 0) ++n;
  size_t begin = dst->size();
  dst->resize(begin + n);
  char* to = dst->data() + begin;
  for (size_t i = 0; i < n; ++i) {
    to[i] = static_cast<char>(of_byte_[static_cast<unsigned char>(piece[i])]);
  }
  return n;
}

void BertNormalizer::AppendCodePoint(char32_t c, State* state, std::string* dst) const {
  uint16_t properties = code_points_.Properties(c);
  if (clean_text_) {
    if ((properties & kIsControl) != 0) return;
    if ((properties & kIsWhiteSpace) != 0) c = U' ';
  }
  bool spaced = handle_chinese_chars_ && (properties & kIsIdeograph) != 0;
  if (spaced) AppendStripped(U' ', state, dst);
  AppendStripped(c, state, dst);
  if (spaced) AppendStripped(U' ', state, dst);
}

void BertNormalizer::AppendStripped(char32_t c, State* state, std::string* dst) const {
  if (!strip_accents_) {
    AppendLower(c, dst);
  } else if ((code_points_.Properties(c) & kDecomposes) == 0) {
    AppendOrdered(c, state, dst);
  } else {
    for (char32_t part : code_points_.Stripped(c).code_points) {
      if (part != 0) AppendOrdered(part, state, dst);
    }
  }
}

void BertNormalizer::AppendOrdered(char32_t c, State* state, std::string* dst) const {
  uint16_t properties = code_points_.Properties(c);
  bool reordered = (properties & kIsReordered) != 0;
  if (!reordered) FlushMarks(state, dst);
  if ((properties & kIsMark) != 0) return;
  if (!reordered) {
    AppendLower(c, dst);
  } else if (static_cast<int64_t>(state->marks.size()) < state->max_ordered_marks) {
    state->marks.push_back({code_points_.CombiningClass(c), c});
  }
}

void BertNormalizer::FlushMarks(State* state, std::string* dst) const {
  if (state->marks.empty()) return;
  std::stable_sort(state->marks.begin(), state->marks.end(),
                   [](const State::Mark& a, const State::Mark& b) {
                     return a.combining_class < b.combining_class;
                   });
  for (const State::Mark& mark : state->marks) AppendLower(mark.value, dst);
  state->marks.clear();
}

void BertNormalizer::AppendLower(char32_t c, std::string* dst) const {
  if (!lowercase_ || (code_points_.Properties(c) & kLowers) == 0) {
    AppendUtf8(c, dst);
    return;
  }
  for (char32_t part : code_points_.Lower(c).code_points) {
    if (part != 0) AppendUtf8(part, dst);
  }
}

bool BertNormalizer::HoldsMovableMarks(std::string_view text) const {
  for (int64_t pos = 0; pos < static_cast<int64_t>(text.size());) {
    DecodedCodePoint c = DecodeUtf8(text, pos);
    if (strip_accents_ && (code_points_.Properties(c.value) & kIsReordered) != 0) return true;
    pos += c.num_bytes;
  }
  return false;
}

}  // namespace vecmill

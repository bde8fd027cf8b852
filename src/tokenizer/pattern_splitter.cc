#include "tokenizer/pattern_splitter.h"

#include "tokenizer/component.h"

namespace vecmill {
namespace {

constexpr std::string_view kLlama3Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Regex =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt2Regex =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Every text is all matches, so that splitting at them and removing what is between them are one.
Pattern ReadPattern(const Json& json, const std::string& where) {
  const Json& pattern = json.GetObject("pattern", where);
  const Json* regex = pattern.Find("Regex");
  std::string found = pattern.Dump();
  const std::string& behavior = json.GetString("behavior", where);
  bool invert = json.GetBool("invert", where, /*fallback=*/false);
  if (behavior != "Isolated" && !(behavior == "Removed" && invert)) {
    ThrowUnsupported(where, "behavior", Json(behavior).Describe(),
                     {"Isolated", "Removed with invert"});
  }
  if (regex != nullptr && regex->is_string()) {
    if (regex->string() == kGpt2Regex) return Pattern::kGpt2;
    if (regex->string() == kLlama3Regex) return Pattern::kLlama3;
    if (regex->string() == kQwen2Regex) return Pattern::kQwen2;
  }
  ThrowUnsupported(where, "pattern", found,
                   {"the regular expressions of GPT-2", "Llama 3", "Qwen 2"});
}

char ByteAt(std::string_view text, int64_t pos) {
  return pos < static_cast<int64_t>(text.size()) ? text[static_cast<size_t>(pos)] : '\0';
}

bool IsNewline(char c) { return c == '\r' || c == '\n'; }

// Where 's, 't, 're, 've, 'm, 'll or 'd at `begin` ends; `begin` if it is none of them.
int64_t ContractionEnd(std::string_view text, int64_t begin, bool ignores_case) {
  if (ByteAt(text, begin) != '\'') return begin;
  auto lower = [&](char c) {
    return ignores_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  char first = lower(ByteAt(text, begin + 1));
  char second = lower(ByteAt(text, begin + 2));
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return begin + 2;
  if ((first == 'r' || first == 'v') && second == 'e') return begin + 3;
  if (first == 'l' && second == 'l') return begin + 3;
  constexpr std::string_view kLongS = "\xC5\xBF";  // an s of another case
  bool is_long_s = ignores_case && text.substr(static_cast<size_t>(begin) + 1).starts_with(kLongS);
  return is_long_s ? begin + 1 + static_cast<int64_t>(kLongS.size()) : begin;
}

}  // namespace

PatternMatcher::Character PatternMatcher::CharacterAt(std::string_view text, int64_t pos) const {
  if (pos == static_cast<int64_t>(text.size())) return {Kind::kNone, 0};
  DecodedCodePoint c = DecodeUtf8(text, pos);
  uint16_t properties = code_points_.Properties(c.value);
  Kind kind = (properties & kIsLetter) != 0       ? Kind::kLetter
              : (properties & kIsNumber) != 0     ? Kind::kNumber
              : (properties & kIsWhiteSpace) != 0 ? Kind::kSpace
                                                  : Kind::kOther;
  return {kind, c.num_bytes};
}

int64_t PatternMatcher::RunEnd(std::string_view text, int64_t pos, Kind kind) const {
  for (Character c = CharacterAt(text, pos); c.kind == kind; c = CharacterAt(text, pos)) {
    pos += c.num_bytes;
  }
  return pos;
}

int64_t PatternMatcher::MatchEnd(std::string_view text, int64_t begin) const {
  return pattern_ == Pattern::kGpt2 ? Gpt2End(text, begin) : Llama3End(text, begin);
}

int64_t PatternMatcher::Gpt2End(std::string_view text, int64_t begin) const {
  int64_t end = ContractionEnd(text, begin, /*ignores_case=*/false);
  if (end > begin) return end;
  int64_t first = ByteAt(text, begin) == ' ' ? begin + 1 : begin;
  Kind kind = CharacterAt(text, first).kind;
  if (kind == Kind::kSpace || kind == Kind::kNone) {
    return SpaceEnd(text, begin, /*splits_after_newline=*/false);
  }
  return RunEnd(text, first, kind);
}

int64_t PatternMatcher::Llama3End(std::string_view text, int64_t begin) const {
  int64_t end = ContractionEnd(text, begin, /*ignores_case=*/true);
  if (end > begin) return end;
  Character c = CharacterAt(text, begin);
  char byte = ByteAt(text, begin);
  if (c.kind == Kind::kLetter) return RunEnd(text, begin, Kind::kLetter);
  if (c.kind == Kind::kNumber) {
    end = begin + c.num_bytes;
    for (int i = 1; i < 3 && pattern_ == Pattern::kLlama3; ++i) {
      c = CharacterAt(text, end);
      if (c.kind != Kind::kNumber) break;
      end += c.num_bytes;
    }
    return end;
  }
  int64_t next = begin + c.num_bytes;
  if (!IsNewline(byte) && CharacterAt(text, next).kind == Kind::kLetter) {
    return RunEnd(text, next, Kind::kLetter);
  }
  end = RunEnd(text, byte == ' ' ? next : begin, Kind::kOther);
  if (end > (byte == ' ' ? next : begin)) {
    while (IsNewline(ByteAt(text, end))) ++end;
    return end;
  }
  return SpaceEnd(text, begin, /*splits_after_newline=*/true);
}

// White space up to its last newline, if it may split there; else all of it at the end of the text,
// all but the last character before something else. REQUIRES: white space at `begin`.
int64_t PatternMatcher::SpaceEnd(std::string_view text, int64_t begin,
                                 bool splits_after_newline) const {
  int64_t end = begin;
  int64_t last = begin;         // where the last character begins
  int64_t newline_end = begin;  // where the last newline ends
  Character c = CharacterAt(text, begin);
  for (; c.kind == Kind::kSpace; c = CharacterAt(text, end)) {
    last = end;
    end += c.num_bytes;
    if (IsNewline(ByteAt(text, last))) newline_end = end;
  }
  if (splits_after_newline && newline_end > begin) return newline_end;
  return c.kind == Kind::kNone || last == begin ? end : last;
}

PatternSplitter::PatternSplitter(const Json& json, const std::string& where)
    : matcher_(ReadPattern(json, where)) {}

void PatternSplitter::Split(const Words& src, Words* dst) const {
  for (int64_t i = 0; i < src.size(); ++i) {
    std::string_view word = src[i];
    for (size_t pos = 0; pos < word.size();) {
      size_t end = static_cast<size_t>(matcher_.MatchEnd(word, static_cast<int64_t>(pos)));
      dst->Add(word.substr(pos, end - pos));
      pos = end;
    }
  }
}

}  // namespace vecmill

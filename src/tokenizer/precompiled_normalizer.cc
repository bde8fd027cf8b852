#include "tokenizer/precompiled_normalizer.h"

#include "tokenizer/cut_place.h"
#include "tokenizer/unicode.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int64_t kMaxClusterBytes = 5;

int SextetOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Base64 with its padding, RFC 4648.
std::string DecodeBase64(std::string_view text, const std::string& where) {
  std::string bytes;
  size_t size = text.size();
  while (size > 0 && text.size() - size < 2 && text[size - 1] == '=') --size;
  uint32_t bits = 0;
  for (size_t i = 0; i < size; ++i) {
    int sextet = SextetOf(text[i]);
    if (sextet < 0) {
      throw Error(ErrorCode::kCorrupt, where + ": byte " + std::to_string(i) + " is not of base64");
    }
    bits = bits << 6 | static_cast<uint32_t>(sextet);
    if (i % 4 != 0) bytes.push_back(static_cast<char>(bits >> (6 - 2 * (i % 4)) & 0xFF));
  }
  if (text.size() % 4 != 0) {
    throw Error(ErrorCode::kCorrupt, where + ": found " + std::to_string(text.size()) +
                                         " bytes of base64, expected a multiple of 4");
  }
  return bytes;
}

}  // namespace

PrecompiledNormalizer::PrecompiledNormalizer(const Json& json, const std::string& where)
    : charsmap_(DecodeBase64(json.GetString("precompiled_charsmap", where),
                             where + ": precompiled_charsmap"),
                where + ": precompiled_charsmap") {
  for (size_t c = 0; c < 0x80; ++c) {
    char byte = static_cast<char>(c);
    is_kept_[c] = !charsmap_.Find({&byte, 1});
  }
  keeps_cut_places_ = ComputeKeepsCutPlaces();
}

// Whether spaces stay, and plain characters do not become nothing or something with a space at its
// ends; nor do the parts of those that an earlier step may have decomposed.
bool PrecompiledNormalizer::ComputeKeepsCutPlaces() const {
  constexpr CodePointRange kParts[] = {{0x0306, 0x0306}, {0x093C, 0x093C}, {0x1100, 0x1112},
                                       {0x1161, 0x1175}, {0x11A8, 0x11C2}, {0x3099, 0x309A}};
  const CodePoints& code_points = CodePoints::Get();
  auto is_space = [&](std::string_view text, int64_t pos) {
    return (code_points.Properties(DecodeUtf8(text, pos).value) & kIsWhiteSpace) != 0;
  };
  auto keeps = [&](std::span<const CodePointRange> ranges) {
    for (CodePointRange range : ranges) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        std::string text;
        AppendUtf8(c, &text);
        std::optional<std::string_view> result = charsmap_.Find(text);
        if (!result) continue;
        if (result->empty() || is_space(*result, 0)) return false;
        if (is_space(*result, PreviousUtf8(*result, static_cast<int64_t>(result->size())))) {
          return false;
        }
      }
    }
    return true;
  };
  return charsmap_.Find(" ").value_or(" ") == " " && keeps(PlainCharacters()) && keeps(kParts);
}

void PrecompiledNormalizer::Append(std::string_view text, std::string* dst) const {
  int64_t size = static_cast<int64_t>(text.size());
  auto slice = [&](int64_t begin, int64_t end) {
    return text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  };
  auto byte_at = [&](int64_t pos) {
    return static_cast<unsigned char>(text[static_cast<size_t>(pos)]);
  };
  for (int64_t pos = 0; pos < size;) {
    // ASCII before ASCII is a cluster of its own; the carriage return alone may not be.
    int64_t kept = pos;
    while (kept < size && is_kept_[byte_at(kept)] && byte_at(kept) != '\r' &&
           (kept + 1 == size || byte_at(kept + 1) < 0x80)) {
      ++kept;
    }
    if (kept > pos) {
      dst->append(slice(pos, kept));
      pos = kept;
      continue;
    }
    int64_t end = graphemes_.ClusterEnd(text, pos);
    if (end - pos <= kMaxClusterBytes) {
      if (std::optional<std::string_view> result = charsmap_.Find(slice(pos, end))) {
        dst->append(*result);
        pos = end;
        continue;
      }
    }
    while (pos < end) {
      int64_t next = pos + DecodeUtf8(text, pos).num_bytes;
      std::string_view part = slice(pos, next);
      dst->append(charsmap_.Find(part).value_or(part));
      pos = next;
    }
  }
}

}  // namespace vecmill

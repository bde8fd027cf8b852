#include "tokenizer/vocabulary.h"

#include <algorithm>

#include "vecmill/error.h"

namespace vecmill {

std::vector<PieceTable::Piece> ReadVocabulary(const Json& model, const std::string& where) {
  std::vector<PieceTable::Piece> tokens;
  for (const auto& [text, id] : model.GetObject("vocab", where).object()) {
    if (!id.is_int() || id.integer() < 0 || id.integer() >= kMaxIds) {
      throw Error(ErrorCode::kCorrupt,
                  where + ": vocab: " + Json(text).Describe() + ": expected an id from 0 to " +
                      std::to_string(kMaxIds - 1) + ", found " + id.Describe());
    }
    tokens.push_back({.text = text, .id = static_cast<int32_t>(id.integer())});
  }
  if (tokens.empty())
    throw Error(ErrorCode::kCorrupt, where + ": vocab: expected tokens, found none");
  std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].id != tokens[i - 1].id) continue;
    throw Error(ErrorCode::kCorrupt,
                where + ": vocab: " + Json(std::string(tokens[i - 1].text)).Describe() + " and " +
                    Json(std::string(tokens[i].text)).Describe() + " both have id " +
                    std::to_string(tokens[i].id));
  }
  return tokens;
}

std::string ByteToken(size_t byte) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte / 16], kDigits[byte % 16], '>'};
}

}  // namespace vecmill

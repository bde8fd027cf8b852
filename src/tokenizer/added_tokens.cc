// The wheel does not take ids from the file: a token of the vocabulary keeps its id, others are
// numbered from the end of the vocabulary. A file that says otherwise is refused rather than read
// in one of two ways.
#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int64_t kMaxAddedTokens = 1 << 16;
constexpr int64_t kMaxAddedTokenBytes = 1 << 10;

struct AddedToken {
  std::string where;  // FILE: KEY
  std::string key;    // added_tokens[N]
  std::string content;
  int64_t id;
  bool single_word;
  bool lstrip;
  bool rstrip;
  bool normalized;
};

AddedToken ReadToken(const Json& json, const std::string& file, const std::string& key) {
  const std::string where = file + ": " + key;
  AddedToken token{.where = where,
                   .key = key,
                   .content = json.GetString("content", where),
                   .id = json.GetInt("id", where),
                   .single_word = json.GetBool("single_word", where),
                   .lstrip = json.GetBool("lstrip", where),
                   .rstrip = json.GetBool("rstrip", where),
                   .normalized = json.GetBool("normalized", where)};
  int64_t size = static_cast<int64_t>(token.content.size());
  if (size == 0 || size > kMaxAddedTokenBytes) {
    throw Error(ErrorCode::kCorrupt, where + ": content: found " + std::to_string(size) +
                                         " bytes, expected 1 to " +
                                         std::to_string(kMaxAddedTokenBytes));
  }
  return token;
}

std::vector<AddedToken> ReadTokens(const Json& root, const std::string& where) {
  std::vector<AddedToken> tokens;
  if (root.Find("added_tokens") == nullptr) return tokens;
  const Json::Array& list = root.GetArray("added_tokens", where);
  if (static_cast<int64_t>(list.size()) > kMaxAddedTokens) {
    throw Error(ErrorCode::kUnsupported,
                where + ": added_tokens: found " + std::to_string(list.size()) +
                    " tokens, expected at most " + std::to_string(kMaxAddedTokens));
  }
  for (const Json& json : list) {
    tokens.push_back(ReadToken(json, where, "added_tokens[" + std::to_string(tokens.size()) + "]"));
  }
  return tokens;
}

// Checks that the ids are those the wheel gives; returns the highest, the vocabulary's included.
int32_t CheckIds(const std::vector<AddedToken>& tokens, const Model& model) {
  std::optional<int64_t> max_added;
  for (const AddedToken& token : tokens) {
    int64_t expected = std::max(model.num_tokens(), max_added.value_or(-1) + 1);
    std::optional<int32_t> known = model.IdOf(token.content);
    if (known) expected = *known;
    if (token.id != expected) {
      throw Error(ErrorCode::kCorrupt,
                  token.where + ": id: found " + std::to_string(token.id) + ", expected " +
                      std::to_string(expected) +
                      (known ? ", the id of that token in the vocabulary"
                             : ", the next after the vocabulary and the tokens added before"));
    }
    if (!known && expected <= model.max_id()) {
      throw Error(ErrorCode::kCorrupt, token.where + ": id: " + std::to_string(expected) +
                                           " belongs to a token of the vocabulary");
    }
    max_added = std::max(max_added.value_or(-1), expected);
  }
  return static_cast<int32_t>(std::max<int64_t>(model.max_id(), max_added.value_or(-1)));
}

// Refuses two tokens of one text.
void CheckDistinct(const std::vector<AddedToken>& tokens, const std::string& what) {
  std::unordered_map<std::string, const std::string*> seen;
  for (const AddedToken& token : tokens) {
    auto [first, is_new] = seen.emplace(token.content, &token.key);
    if (is_new) continue;
    throw Error(ErrorCode::kUnsupported, token.where + ": " + what + " " +
                                             Json(token.content).Describe() + " is that of " +
                                             *first->second + " too");
  }
}

void ReplaceByNormalized(const AddedTokens::Normalize& normalize, AddedToken* token) {
  std::string text = normalize(token->content, token->where);
  if (text.empty()) {
    throw Error(ErrorCode::kUnsupported,
                token->where + ": content: " + Json(token->content).Describe() +
                    " is empty when normalized; set \"normalized\" to false or remove it");
  }
  token->content = std::move(text);
}

TokenMatcher MakeMatcher(const std::vector<AddedToken>& tokens) {
  std::vector<TokenMatcher::Pattern> patterns;
  patterns.reserve(tokens.size());
  for (const AddedToken& token : tokens) {
    patterns.push_back({.text = token.content,
                        .id = static_cast<int32_t>(token.id),
                        .single_word = token.single_word,
                        .lstrip = token.lstrip,
                        .rstrip = token.rstrip});
  }
  return TokenMatcher(std::move(patterns));
}

}  // namespace

AddedTokens AddedTokens::FromJson(const Json& root, const std::string& where, const Model& model,
                                  const Normalize& normalize) {
  std::vector<AddedToken> raw = ReadTokens(root, where);
  int32_t max_id = CheckIds(raw, model);
  CheckDistinct(raw, "content");
  auto middle = std::stable_partition(raw.begin(), raw.end(),
                                      [](const AddedToken& token) { return !token.normalized; });
  std::vector<AddedToken> normalized(middle, raw.end());
  raw.erase(middle, raw.end());
  for (AddedToken& token : normalized) ReplaceByNormalized(normalize, &token);
  CheckDistinct(normalized, "normalized content");

  return {.raw = MakeMatcher(raw), .normalized = MakeMatcher(normalized), .max_id = max_id};
}

}  // namespace vecmill

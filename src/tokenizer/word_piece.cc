// Most words of a text are tokens themselves, so the whole word is looked up first. Cutting a word
// of L bytes with a vocabulary whose longest piece has P bytes takes at most L * P look-ups, each
// in constant time because the hashes of all substrings come from one pass over the word.
#include "tokenizer/word_piece.h"

#include <algorithm>

#include "tokenizer/unicode.h"
#include "tokenizer/vocabulary.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

std::vector<PieceTable::Piece> WithoutPrefix(const std::vector<PieceTable::Piece>& tokens,
                                             std::string_view prefix) {
  std::vector<PieceTable::Piece> rests;
  for (const PieceTable::Piece& token : tokens) {
    if (token.text.starts_with(prefix)) {
      rests.push_back({.text = token.text.substr(prefix.size()), .id = token.id});
    }
  }
  return rests;
}

}  // namespace

WordPiece::WordPiece(const std::vector<PieceTable::Piece>& tokens, std::string_view prefix)
    : tokens_(tokens),
      continuations_(WithoutPrefix(tokens, prefix)),
      num_tokens_(static_cast<int64_t>(tokens.size())),
      max_id_(tokens.back().id) {}

WordPiece WordPiece::FromJson(const Json& model, const std::string& where) {
  WordPiece word_piece(ReadVocabulary(model, where),
                       model.GetString("continuing_subword_prefix", where));

  word_piece.max_word_chars_ = model.GetInt("max_input_chars_per_word", where);
  if (word_piece.max_word_chars_ < 0 || word_piece.max_word_chars_ > kMaxWordChars) {
    throw Error(ErrorCode::kUnsupported, where + ": max_input_chars_per_word: found " +
                                             std::to_string(word_piece.max_word_chars_) +
                                             ", expected 0 to " + std::to_string(kMaxWordChars));
  }
  const std::string& unknown = model.GetString("unk_token", where);
  std::optional<int32_t> unknown_id = word_piece.IdOf(unknown);
  if (!unknown_id) {
    throw Error(ErrorCode::kCorrupt,
                where + ": unk_token: " + Json(unknown).Describe() + " is not in vocab");
  }
  word_piece.unknown_id_ = *unknown_id;
  return word_piece;
}

std::optional<int32_t> WordPiece::IdOf(std::string_view token) const {
  int32_t id = tokens_.Find(token, PieceHash(token));
  if (id == PieceTable::kNone) return std::nullopt;
  return id;
}

bool WordPiece::IsTooLong(std::string_view word) const {
  if (static_cast<int64_t>(word.size()) <= max_word_chars_) return false;
  return std::count_if(word.begin(), word.end(),
                       [](char byte) { return !IsUtf8Continuation(byte); }) > max_word_chars_;
}

void WordPiece::Encode(std::string_view word, IdSink* ids) const {
  thread_local Scratch scratch;
  Encode(word, &scratch, ids);
}

void WordPiece::Encode(std::string_view word, Scratch* scratch, IdSink* ids) const {
  if (IsTooLong(word)) return ids->Add(unknown_id_);
  SubstringHashes& hashes = scratch->hashes;
  hashes.Reset(word);
  int64_t size = static_cast<int64_t>(word.size());
  int32_t whole = tokens_.Find(word, hashes.Hash(0, size));
  if (whole != PieceTable::kNone) return ids->Add(whole);

  scratch->ids.clear();
  for (int64_t begin = 0; begin < size;) {
    const PieceTable& table = begin == 0 ? tokens_ : continuations_;
    int64_t end = std::min(size, begin + table.max_piece_bytes());
    int32_t id = PieceTable::kNone;
    for (; end > begin; --end) {
      if (end < size && IsUtf8Continuation(word[static_cast<size_t>(end)])) continue;
      id = table.Find(word.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
                      hashes.Hash(begin, end));
      if (id != PieceTable::kNone) break;
    }
    if (id == PieceTable::kNone) return ids->Add(unknown_id_);
    scratch->ids.push_back(id);
    begin = end;
  }
  for (int32_t id : scratch->ids) ids->Add(id);
}

}  // namespace vecmill

// The tokens of a word are a list linked by indices, and a heap holds the neighbours that may
// merge. A merge makes up to two new candidates and leaves stale ones, which are known by what they
// would become: so does the wheel, and a stale candidate that would become the same counts with its
// old rank. Most words are tokens that their own merges lead to: those are looked up in one step.
#include "tokenizer/bpe.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "tokenizer/component.h"
#include "tokenizer/unicode.h"
#include "tokenizer/vocabulary.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

uint64_t PairOf(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

struct TokenPair {
  std::string_view left;
  std::string_view right;
};

// "left right", or since 2024 ["left", "right"], which allows spaces in tokens.
TokenPair ReadPair(const Json& json, const std::string& where) {
  if (json.is_array() && json.array().size() == 2 && json.array()[0].is_string() &&
      json.array()[1].is_string()) {
    return {json.array()[0].string(), json.array()[1].string()};
  }
  if (json.is_string()) {
    std::string_view text = json.string();
    size_t space = text.find(' ');
    if (space != text.npos && text.find(' ', space + 1) == text.npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  throw Error(ErrorCode::kCorrupt, where + ": expected two tokens, found " + json.Describe());
}

}  // namespace

MergeTable::MergeTable(int64_t num_merges)
    : slots_(std::bit_ceil(std::max<size_t>(2 * static_cast<size_t>(num_merges), 16))) {}

size_t MergeTable::SlotOf(uint64_t pair) const {
  size_t mask = slots_.size() - 1;
  uint64_t mixed = (pair ^ pair >> 29) * 0x9E3779B97F4A7C15;
  size_t i = (mixed >> 32) & mask;
  while (slots_[i].pair != pair && slots_[i].pair != kEmpty) i = (i + 1) & mask;
  return i;
}

void MergeTable::Set(int32_t left, int32_t right, Merge merge) {
  uint64_t pair = PairOf(left, right);
  slots_[SlotOf(pair)] = {.pair = pair, .merge = merge};
}

const MergeTable::Merge* MergeTable::Find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[SlotOf(PairOf(left, right))];
  return slot.pair == kEmpty ? nullptr : &slot.merge;
}

Bpe::Bpe(const Json& json, const std::string& where)
    : Bpe(json, where, ReadVocabulary(json, where)) {}

Bpe::Bpe(const Json& json, const std::string& where, const std::vector<PieceTable::Piece>& tokens)
    : tokens_(tokens),
      whole_words_(std::vector<PieceTable::Piece>()),
      merges_(static_cast<int64_t>(json.GetArray("merges", where).size())),
      prefix_(json.GetString("continuing_subword_prefix", where, "")),
      suffix_(json.GetString("end_of_word_suffix", where, "")),
      fuses_unknown_(json.GetBool("fuse_unk", where, /*fallback=*/false)),
      falls_back_to_bytes_(json.GetBool("byte_fallback", where, /*fallback=*/false)),
      ignores_merges_(json.GetBool("ignore_merges", where, /*fallback=*/false)),
      num_tokens_(static_cast<int64_t>(tokens.size())),
      max_id_(tokens.back().id) {
  if (json.GetNumber("dropout", where, 0.0) != 0.0) {
    ThrowUnsupported(where, "dropout", json.Find("dropout")->Describe(), {"null", "0"});
  }
  if (std::string unknown = json.GetString("unk_token", where, ""); !unknown.empty()) {
    std::optional<int32_t> id = IdOf(unknown);
    if (!id) {
      throw Error(ErrorCode::kCorrupt,
                  where + ": unk_token: " + Json(unknown).Describe() + " is not in vocab");
    }
    unknown_id_ = *id;
  }
  for (char32_t c = 0; c < kNumShortCodePoints; ++c) {
    std::string character;
    AppendUtf8(c, &character);
    short_ids_[c] = IdOf(character).value_or(kNone);
  }
  for (size_t byte = 0; byte < 256; ++byte) byte_ids_[byte] = IdOf(ByteToken(byte)).value_or(kNone);
  ReadMerges(json, where);
  FindWholeWords(tokens);
}

void Bpe::ReadMerges(const Json& json, const std::string& where) {
  uint32_t rank = 0;
  std::string merged;
  for (const Json& merge : json.GetArray("merges", where)) {
    const std::string key = where + ": merges[" + std::to_string(rank) + "]";
    TokenPair pair = ReadPair(merge, key);
    auto id_of = [&](std::string_view token) {
      std::optional<int32_t> id = IdOf(token);
      if (id) return *id;
      throw Error(ErrorCode::kCorrupt,
                  key + ": " + Json(std::string(token)).Describe() + " is not in vocab");
    };
    int32_t left = id_of(pair.left);
    int32_t right = id_of(pair.right);
    if (!pair.right.starts_with(prefix_)) {
      throw Error(ErrorCode::kCorrupt, key + ": " + Json(std::string(pair.right)).Describe() +
                                           " does not begin with continuing_subword_prefix");
    }
    merged.assign(pair.left).append(pair.right.substr(prefix_.size()));
    merges_.Set(left, right, {.rank = rank++, .id = id_of(merged)});
  }
}

// With affixes a word is not written as its token is, so only files without them gain by this.
void Bpe::FindWholeWords(const std::vector<PieceTable::Piece>& tokens) {
  if (!prefix_.empty() || !suffix_.empty()) return;
  Scratch scratch;
  std::vector<PieceTable::Piece> whole_words;
  for (const PieceTable::Piece& token : tokens) {
    if (token.text.empty()) continue;
    if (!ignores_merges_) {
      Merge(token.text, &scratch);
      const std::vector<Symbol>& symbols = scratch.symbols;
      if (symbols.empty() || symbols[0].id != token.id || symbols[0].next != kNone) continue;
    }
    whole_words.push_back(token);
  }
  whole_words_ = PieceTable(whole_words);
}

std::optional<int32_t> Bpe::IdOf(std::string_view token) const {
  int32_t id = tokens_.Find(token, PieceHash(token));
  if (id == kNone) return std::nullopt;
  return id;
}

void Bpe::Encode(std::string_view word, IdSink* ids) const {
  if (static_cast<int64_t>(word.size()) <= whole_words_.max_piece_bytes()) {
    int32_t id = whole_words_.Find(word, PieceHash(word));
    if (id != kNone) return ids->Add(id);
  }
  if (ignores_merges_) {
    if (std::optional<int32_t> id = IdOf(word)) return ids->Add(*id);
  }
  if (word.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    throw Error(ErrorCode::kUnsupported, "tokenizer: found a word of " +
                                             std::to_string(word.size()) +
                                             " bytes, expected less than 2 GiB");
  }
  thread_local Scratch scratch;
  Merge(word, &scratch);
  const std::vector<Symbol>& symbols = scratch.symbols;
  for (int32_t i = symbols.empty() ? kNone : 0; i != kNone && !ids->cut();
       i = symbols[static_cast<size_t>(i)].next) {
    ids->Add(symbols[static_cast<size_t>(i)].id);
  }
  constexpr size_t kKeptSymbols = 1 << 16;
  if (scratch.symbols.capacity() > kKeptSymbols) scratch = {};
}

void Bpe::Merge(std::string_view word, Scratch* scratch) const {
  scratch->symbols.clear();
  AddCharacters(word, scratch);
  MergeAll(scratch);
}

int32_t Bpe::CharacterId(std::string_view character, bool is_first, bool is_last,
                         Scratch* scratch) const {
  bool has_prefix = !is_first && !prefix_.empty();
  bool has_suffix = is_last && !suffix_.empty();
  scratch->character = character;
  if (!has_prefix && !has_suffix) {
    char32_t c = DecodeUtf8(character, 0).value;
    return c < kNumShortCodePoints ? short_ids_[c] : IdOf(character).value_or(kNone);
  }
  if (has_prefix) scratch->character.insert(0, prefix_);
  if (has_suffix) scratch->character += suffix_;
  return IdOf(scratch->character).value_or(kNone);
}

bool Bpe::AddBytes(std::string_view text, Scratch* scratch) const {
  auto id_of = [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  if (!std::all_of(text.begin(), text.end(), [&](char b) { return id_of(b) != kNone; })) {
    return false;
  }
  for (char byte : text) AddSymbol(id_of(byte), scratch);
  return true;
}

// A character that is not in the vocabulary is its bytes, or unknown, or nothing. Unknown ones wait
// for the next that is known, and bytes overtake them, as in the wheel.
void Bpe::AddCharacters(std::string_view word, Scratch* scratch) const {
  bool unknown_waits = false;
  for (size_t pos = 0; pos < word.size();) {
    auto num_bytes = static_cast<size_t>(DecodeUtf8(word, static_cast<int64_t>(pos)).num_bytes);
    size_t end = pos + num_bytes;
    int32_t id = CharacterId(word.substr(pos, num_bytes), pos == 0, end == word.size(), scratch);
    pos = end;
    if (id != kNone) {
      if (unknown_waits) AddSymbol(unknown_id_, scratch);
      unknown_waits = false;
      AddSymbol(id, scratch);
    } else if (!falls_back_to_bytes_ || !AddBytes(scratch->character, scratch)) {
      if (unknown_id_ == kNone) continue;
      if (unknown_waits && !fuses_unknown_) AddSymbol(unknown_id_, scratch);
      unknown_waits = true;
    }
  }
  if (unknown_waits) AddSymbol(unknown_id_, scratch);
}

void Bpe::AddSymbol(int32_t id, Scratch* scratch) const {
  std::vector<Symbol>& symbols = scratch->symbols;
  auto index = static_cast<int32_t>(symbols.size());
  if (index > 0) symbols.back().next = index;
  symbols.push_back({.id = id, .previous = index - 1, .next = kNone, .removed = false});
}

namespace {

// Heaps put the greatest on top: here the lowest rank, and of those the leftmost.
constexpr auto kComesLater = [](const auto& a, const auto& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.left > b.left;
};

}  // namespace

void Bpe::AddCandidate(int32_t left, Scratch* scratch) const {
  const Symbol& symbol = scratch->symbols[static_cast<size_t>(left)];
  const Symbol& next = scratch->symbols[static_cast<size_t>(symbol.next)];
  if (const MergeTable::Merge* merge = merges_.Find(symbol.id, next.id)) {
    scratch->heap.push_back({.rank = merge->rank, .left = left, .id = merge->id});
  }
}

void Bpe::MergeAll(Scratch* scratch) const {
  std::vector<Symbol>& symbols = scratch->symbols;
  std::vector<Candidate>& heap = scratch->heap;
  auto at = [&](int32_t i) -> Symbol& { return symbols[static_cast<size_t>(i)]; };
  auto add_candidate = [&](int32_t left) {
    size_t size = heap.size();
    AddCandidate(left, scratch);
    if (heap.size() > size) std::push_heap(heap.begin(), heap.end(), kComesLater);
  };
  heap.clear();
  for (int32_t i = 0; i + 1 < static_cast<int32_t>(symbols.size()); ++i) AddCandidate(i, scratch);
  std::make_heap(heap.begin(), heap.end(), kComesLater);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), kComesLater);
    Candidate top = heap.back();
    heap.pop_back();
    Symbol& left = at(top.left);
    if (left.removed || left.next == kNone) continue;
    Symbol& right = at(left.next);
    const MergeTable::Merge* merge = merges_.Find(left.id, right.id);
    if (merge == nullptr || merge->id != top.id) continue;
    left.id = top.id;
    left.next = right.next;
    right.removed = true;
    if (left.next != kNone) at(left.next).previous = top.left;
    if (left.previous != kNone) add_candidate(left.previous);
    if (left.next != kNone) add_candidate(top.left);
  }
}

}  // namespace vecmill

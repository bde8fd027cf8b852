#include "tokenizer/unigram.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <unordered_map>

#include "tokenizer/component.h"
#include "tokenizer/unicode.h"
#include "tokenizer/vocabulary.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// What an unknown character costs beside the least probable token, as in SentencePiece.
constexpr double kUnknownPenalty = 10.0;

// The cost of a character is linear in the longest token.
constexpr size_t kMaxTokenBytes = 1024;
constexpr size_t kMaxVocabularyBytes = 32 << 20;

// The score as the wheel reads it. Its reader of JSON takes the digits as an integer and divides by
// a power of ten, which rounds twice and may miss the nearest double; between two ways to cut a
// word that are equally good the last bit decides. `score` prints the digits of the file if those
// are the fewest that give it, as programs write them.
double AsTheWheelReads(double score) {
  std::array<char, 32> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), std::abs(score),
                            std::chars_format::scientific)
                  .ptr;
  uint64_t digits = 0;
  int exponent = 0;
  const char* e = std::find(text.data(), end, 'e');
  for (const char* p = text.data(); p != e; ++p) {
    if (*p != '.') digits = 10 * digits + static_cast<uint64_t>(*p - '0');
  }
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  exponent -= std::max(0, static_cast<int>(e - text.data()) - 2);  // digits behind the point
  auto value = static_cast<double>(digits);
  for (; exponent < -308; exponent += 308) value /= 1e308;
  const std::string power = "1e" + std::to_string(std::abs(exponent));
  double scale = 1;
  std::from_chars(power.data(), power.data() + power.size(), scale);
  value = exponent < 0 ? value / scale : value * scale;
  return std::signbit(score) ? -value : value;
}

// Of tokens of one text the last counts, as in the wheel; PieceTable wants them distinct.
template <typename Token>
std::vector<PieceTable::Piece> DistinctPieces(const std::vector<Token>& tokens) {
  std::unordered_map<std::string_view, int32_t> ids;
  for (size_t i = 0; i < tokens.size(); ++i) ids[tokens[i].text] = static_cast<int32_t>(i);
  std::vector<PieceTable::Piece> pieces;
  pieces.reserve(ids.size());
  for (const auto& [text, id] : ids) pieces.push_back({.text = text, .id = id});
  return pieces;
}

int32_t ReadUnknownId(const Json& json, const std::string& where, size_t num_tokens) {
  const Json* found = json.Find("unk_id");
  if (found == nullptr || found->is_null()) {
    ThrowUnsupported(where, "unk_id", "null", {"the id of a token"});
  }
  int64_t id = json.GetInt("unk_id", where);
  if (id < 0 || id >= static_cast<int64_t>(num_tokens)) {
    throw Error(ErrorCode::kCorrupt, where + ": unk_id: expected an id from 0 to " +
                                         std::to_string(num_tokens - 1) + ", found " +
                                         std::to_string(id));
  }
  return static_cast<int32_t>(id);
}

}  // namespace

std::vector<Unigram::Token> Unigram::ReadVocabulary(const Json& json, const std::string& where) {
  const Json::Array& vocab = json.GetArray("vocab", where);
  if (vocab.empty() || static_cast<int64_t>(vocab.size()) > kMaxIds) {
    throw Error(ErrorCode::kCorrupt, where + ": vocab: found " + std::to_string(vocab.size()) +
                                         " tokens, expected 1 to " + std::to_string(kMaxIds));
  }
  std::vector<Token> tokens;
  tokens.reserve(vocab.size());
  size_t num_bytes = 0;
  for (const Json& entry : vocab) {
    const std::string key = where + ": vocab[" + std::to_string(tokens.size()) + "]";
    if (!entry.is_array() || entry.array().size() != 2 || !entry.array()[0].is_string() ||
        !entry.array()[1].is_number() || !std::isfinite(entry.array()[1].number())) {
      throw Error(ErrorCode::kCorrupt,
                  key + ": expected [token, score], found " + entry.Describe());
    }
    const std::string& text = entry.array()[0].string();
    num_bytes += text.size();
    if (text.size() > kMaxTokenBytes || num_bytes > kMaxVocabularyBytes) {
      throw Error(ErrorCode::kUnsupported, key + ": found " + std::to_string(text.size()) +
                                               " bytes, in all " + std::to_string(num_bytes) +
                                               ", expected at most " +
                                               std::to_string(kMaxTokenBytes) + ", in all " +
                                               std::to_string(kMaxVocabularyBytes));
    }
    tokens.push_back({.text = text, .score = AsTheWheelReads(entry.array()[1].number())});
  }
  return tokens;
}

Unigram::Unigram(const Json& json, const std::string& where)
    : Unigram(json, where, ReadVocabulary(json, where)) {}

Unigram::Unigram(const Json& json, const std::string& where, const std::vector<Token>& tokens)
    : tokens_(DistinctPieces(tokens)),
      trie_(DistinctPieces(tokens)),
      unknown_id_(ReadUnknownId(json, where, tokens.size())),
      falls_back_to_bytes_(json.GetBool("byte_fallback", where, /*fallback=*/false)) {
  scores_.reserve(tokens.size());
  for (const Token& token : tokens) scores_.push_back(token.score);
  unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  for (size_t byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = IdOf(ByteToken(byte)).value_or(PieceTable::kNone);
  }
}

std::optional<int32_t> Unigram::IdOf(std::string_view token) const {
  if (static_cast<int64_t>(token.size()) > tokens_.max_piece_bytes()) return std::nullopt;
  int32_t id = tokens_.Find(token, PieceHash(token));
  if (id == PieceTable::kNone) return std::nullopt;
  return id;
}

// Unknown characters side by side: as odd as it is, they may be a token together.
void Unigram::AddUnknown(std::string_view text, IdSink* ids) const {
  if (std::optional<int32_t> id = IdOf(text)) return ids->Add(*id);
  auto id_of = [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  if (falls_back_to_bytes_ && std::all_of(text.begin(), text.end(), [&](char byte) {
        return id_of(byte) != PieceTable::kNone;
      })) {
    for (char byte : text) ids->Add(id_of(byte));
    return;
  }
  ids->Add(unknown_id_);
}

// The search through one word. nodes_[i] is the place `i` bytes behind begin_; all ways to cut the
// word go through begin_, and what is before it is done with.
class Unigram::Search {
 public:
  struct Scratch {
    std::vector<Node> nodes;
    std::vector<Node> path;
  };

  Search(const Unigram& model, std::string_view word, Scratch* scratch, IdSink* ids)
      : model_(model), word_(word), nodes_(scratch->nodes), path_(scratch->path), ids_(*ids) {
    nodes_.assign(1, {});
  }

  void Run() {
    for (size_t pos = 0; pos < word_.size() && !ids_.cut();) {
      if (begin_ + nodes_.size() == pos + 1) Emit();
      auto num_bytes = static_cast<size_t>(DecodeUtf8(word_, static_cast<int64_t>(pos)).num_bytes);
      Extend(pos, num_bytes);
      pos += num_bytes;
    }
    if (ids_.cut()) return;
    Emit();
    EndUnknown(word_.size());
  }

 private:
  // Tries all tokens that begin at `pos`, where a character of num_bytes is.
  void Extend(size_t pos, size_t num_bytes) {
    double score = nodes_[pos - begin_].score;
    bool is_known = false;
    model_.trie_.ForEachPrefix(word_, pos, [&](size_t token_bytes, int32_t id) {
      Offer(pos, token_bytes, score + model_.scores_[static_cast<size_t>(id)], id);
      is_known = is_known || token_bytes == num_bytes;
    });
    if (!is_known) Offer(pos, num_bytes, score + model_.unknown_score_, model_.unknown_id_);
  }

  void Offer(size_t pos, size_t num_bytes, double score, int32_t id) {
    size_t end = pos - begin_ + num_bytes;
    if (end >= nodes_.size()) nodes_.resize(end + 1);
    Node& node = nodes_[end];
    if (node.num_bytes != 0 && !(score > node.score)) return;
    node = {.score = score, .id = id, .num_bytes = static_cast<uint32_t>(num_bytes)};
  }

  // Gives the ids up to the last node, through which all ways go, and begins anew there.
  void Emit() {
    path_.clear();
    for (size_t i = nodes_.size() - 1; i > 0; i -= nodes_[i].num_bytes) path_.push_back(nodes_[i]);
    for (size_t i = path_.size(); i-- > 0;) {
      if (path_[i].id == model_.unknown_id_) {
        in_unknown_ = true;
      } else {
        EndUnknown(begin_);
        ids_.Add(path_[i].id);
      }
      begin_ += path_[i].num_bytes;
      if (!in_unknown_) unknown_begin_ = begin_;
    }
    nodes_.assign(1, {.score = nodes_.back().score});
  }

  void EndUnknown(size_t end) {
    if (in_unknown_) {
      model_.AddUnknown(word_.substr(unknown_begin_, end - unknown_begin_), &ids_);
    }
    in_unknown_ = false;
  }

  const Unigram& model_;
  const std::string_view word_;
  std::vector<Node>& nodes_;
  std::vector<Node>& path_;
  IdSink& ids_;
  size_t begin_ = 0;
  size_t unknown_begin_ = 0;  // of the unknown characters before begin_, if in_unknown_
  bool in_unknown_ = false;
};

void Unigram::Encode(std::string_view word, IdSink* ids) const {
  thread_local Search::Scratch scratch;
  Search(*this, word, &scratch, ids).Run();
  constexpr size_t kKeptNodes = 1 << 16;
  if (scratch.nodes.capacity() > kKeptNodes) scratch = {};
}

}  // namespace vecmill

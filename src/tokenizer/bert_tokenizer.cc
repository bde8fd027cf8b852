// The wheel takes the whole text through one stage after the other. Here pieces of a few kilobytes
// go through all stages, so that a text of any length needs little memory and can be left once
// enough ids are there. Between pieces three things are kept: marks whose order is open
// (BertNormalizer::State), the last normalized bytes while they may become a longer word or an
// added token, and whether a word that is already known to be too long goes on.
#include "tokenizer/bert_tokenizer.h"

#include <algorithm>
#include <utility>

#include "tokenizer/added_tokens.h"
#include "tokenizer/bert_normalizer.h"
#include "tokenizer/bert_pre_tokenizer.h"
#include "tokenizer/component.h"
#include "tokenizer/row_encoder.h"
#include "tokenizer/word_piece.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// A longer run of marks is a word that is too long, whatever their order.
static_assert(BertNormalizer::kMaxOrderedMarks > WordPiece::kMaxWordChars);

// What tokenizer.json holds.
struct Stages {
  BertNormalizer normalizer;
  BertPreTokenizer pre_tokenizer;
  WordPiece model;
  AddedTokens added_tokens;
  PostProcessor post_processor;
};

// Memory that a thread keeps from one row to the next, some pieces large.
struct Scratch {
  std::string normalized;
  BertNormalizer::State marks;
  WordPiece::Scratch word_piece;
};

std::string_view Slice(std::string_view text, int64_t begin, int64_t end) {
  return text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

// Encodes the text between two raw added tokens, which the wheel treats as a text of its own.
class SegmentEncoder {
 public:
  SegmentEncoder(const Stages& stages, Scratch* scratch, IdSink* ids)
      : stages_(stages), scratch_(*scratch), ids_(*ids) {
    Clear();
  }

  void Append(std::string_view piece) {
    stages_.normalizer.Append(piece, &scratch_.marks, &scratch_.normalized);
    Drain(/*at_end=*/false);
  }

  // End the segment; the next Append begins another.
  void Finish() {
    stages_.normalizer.Finish(&scratch_.marks, &scratch_.normalized);
    Drain(/*at_end=*/true);
    Clear();
  }

 private:
  void Clear() {
    scratch_.normalized.clear();
    scratch_.marks.marks.clear();
    searched_ = 0;
    word_begin_ = 0;
    in_long_word_ = false;
  }

  void Drain(bool at_end);
  int64_t EncodeWords(std::string_view text, bool at_end);
  void DropEncoded();

  const Stages& stages_;
  Scratch& scratch_;
  IdSink& ids_;
  int64_t searched_;    // no added token begins in normalized[0, searched_) any more
  int64_t word_begin_;  // normalized[0, word_begin_) is encoded
  bool in_long_word_;   // an unknown word, encoded already, may go on at word_begin_
};

// Encodes as much of the normalized text as what follows cannot change. Whether a token strips the
// white space beside it does not matter here: that only separates words and makes no id.
void SegmentEncoder::Drain(bool at_end) {
  std::string_view text = scratch_.normalized;
  const TokenMatcher& matcher = stages_.added_tokens.normalized;
  TokenMatcher::Match match{.found = true};
  while (match.found && !ids_.cut()) {
    match = matcher.Find(text, searched_, static_cast<int64_t>(text.size()), at_end);
    word_begin_ += EncodeWords(Slice(text, word_begin_, match.begin), at_end || match.found);
    searched_ = match.begin;
    if (match.found) {
      ids_.Add(match.id);
      searched_ = word_begin_ = match.end;
    }
  }
  DropEncoded();
}

// Encodes the words of `text`; returns how many bytes of it are done with. If the text may go on
// (not at_end), its last word is left for the next call.
int64_t SegmentEncoder::EncodeWords(std::string_view text, bool at_end) {
  int64_t size = static_cast<int64_t>(text.size());
  int64_t pos = 0;
  if (in_long_word_) {
    pos = stages_.pre_tokenizer.WordEnd(text, 0);
    in_long_word_ = pos == size && !at_end;
  }
  while (!ids_.cut()) {
    BertPreTokenizer::Word word = stages_.pre_tokenizer.NextWord(text, pos);
    if (word.begin == word.end) return size;
    std::string_view word_text = Slice(text, word.begin, word.end);
    if (ids_.full()) {
      ids_.Add(stages_.model.unknown_id());  // a word makes one id at least: the row is cut
    } else if (word.complete || at_end) {
      stages_.model.Encode(word_text, &scratch_.word_piece, &ids_);
    } else if (stages_.model.IsTooLong(word_text)) {
      ids_.Add(stages_.model.unknown_id());
      in_long_word_ = true;
    } else {
      return word.begin;
    }
    pos = word.end;
  }
  return pos;
}

// Keeps the character before searched_: an added token may want to know whether it is a letter.
void SegmentEncoder::DropEncoded() {
  int64_t before = searched_ == 0 ? 0 : PreviousUtf8(scratch_.normalized, searched_);
  int64_t dropped = std::min(word_begin_, before);
  scratch_.normalized.erase(0, static_cast<size_t>(dropped));
  searched_ -= dropped;
  word_begin_ -= dropped;
}

class BertTokenizer : public Tokenizer {
 public:
  explicit BertTokenizer(Stages stages) : stages_(std::move(stages)) {}

  bool Encode(std::string_view text, int64_t max_tokens, std::vector<int32_t>* ids) const override {
    thread_local Scratch scratch;
    auto make_segment = [&](IdSink* sink) { return SegmentEncoder(stages_, &scratch, sink); };
    return EncodeRow(text, max_tokens, stages_.post_processor, stages_.added_tokens.raw,
                     make_segment, ids);
  }
  int64_t vocab_size() const override { return stages_.added_tokens.max_id + int64_t{1}; }

 private:
  const Stages stages_;
};

// An added token as it is found in normalized text.
std::string NormalizeToken(const BertNormalizer& normalizer, const std::string& content,
                           const std::string& where) {
  BertNormalizer::State state;
  std::string text;
  normalizer.Append(content, &state, &text);
  normalizer.Finish(&state, &text);
  if (normalizer.HoldsMovableMarks(text)) {
    throw Error(ErrorCode::kUnsupported,
                where + ": content: " + Json(content).Describe() +
                    " holds marks whose order depends on the text; set \"normalized\" to false or "
                    "remove it");
  }
  return text;
}

}  // namespace

bool IsBert(const Json& root, const std::string& where) {
  auto has_type = [&](const char* key, const char* type) {
    const Json* stage = root.Find(key);
    const Json* found = stage == nullptr ? nullptr : stage->Find("type");
    return found != nullptr && found->is_string() && found->string() == type;
  };
  return has_type("normalizer", "BertNormalizer") &&
         has_type("pre_tokenizer", "BertPreTokenizer") &&
         ReadModelType(root, where) == ModelType::kWordPiece;
}

std::unique_ptr<const Tokenizer> LoadBert(const Json& root, const std::string& where) {
  BertNormalizer normalizer(root.GetObject("normalizer", where), where + ": normalizer");
  WordPiece model = WordPiece::FromJson(root.GetObject("model", where), where + ": model");
  AddedTokens added_tokens = AddedTokens::FromJson(
      root, where, model, [&](const std::string& content, const std::string& token) {
        return NormalizeToken(normalizer, content, token);
      });
  PostProcessor post_processor = PostProcessor::FromJson(root, where, added_tokens.max_id);
  return std::make_unique<BertTokenizer>(Stages{.normalizer = normalizer,
                                                .pre_tokenizer = {},
                                                .model = std::move(model),
                                                .added_tokens = std::move(added_tokens),
                                                .post_processor = std::move(post_processor)});
}

}  // namespace vecmill

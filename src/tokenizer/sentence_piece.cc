// The library checks little of what it loads: a trie of replacements that leads out of its table
// is followed. So the file is read here first, and what the library would trust is checked.
#include "tokenizer/sentence_piece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tokenizer/charsmap.h"
#include "tokenizer/cut_place.h"
#include "tokenizer/id_sink.h"
#include "tokenizer/protobuf_reader.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Some 100 bytes of memory for every byte of a text are in use while the library takes it whole.
constexpr int64_t kMinChunkBytes = 1 << 20;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, a space in pieces

// Rules of the library's own, none of which replaces anything across a space between plain
// characters.
constexpr std::string_view kKnownRules[] = {"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf",
                                            "identity"};

// Field numbers of sentencepiece_model.proto.
namespace model {
constexpr int64_t kPieces = 1;
constexpr int64_t kTrainer = 2;
constexpr int64_t kNormalizer = 3;
}  // namespace model
namespace piece {
constexpr int64_t kText = 1;
}
namespace trainer {
constexpr int64_t kTreatWhitespaceAsSuffix = 24;
}
namespace normalizer {
constexpr int64_t kName = 1;
constexpr int64_t kCharsmap = 2;
constexpr int64_t kAddDummyPrefix = 3;
constexpr int64_t kRemoveExtraWhitespaces = 4;
constexpr int64_t kEscapeWhitespaces = 5;
}  // namespace normalizer

// Reads the file and finds whether a text may be cut before a space between plain characters: the
// second part then loses that space and gets one in front, and no piece lies across it.
class ModelChecker {
 public:
  ModelChecker(std::string_view bytes, const std::string& where) : where_(where) {
    ProtobufReader reader(bytes, where);
    while (const auto field = reader.Next()) {
      if (field->number == model::kPieces) CheckPiece(field->bytes);
      if (field->number == model::kTrainer) CheckTrainer(field->bytes);
      if (field->number == model::kNormalizer) CheckNormalizer(field->bytes);
    }
    if (num_pieces_ == 0) throw Error(ErrorCode::kCorrupt, where + ": has no pieces");
  }

  bool allows_cuts() const { return allows_cuts_ && knows_space_ && knows_rule_; }

 private:
  void CheckPiece(std::string_view bytes) {
    ProtobufReader reader(bytes, where_ + ": piece " + std::to_string(num_pieces_++));
    while (const auto field = reader.Next()) {
      if (field->number != piece::kText) continue;
      const std::string_view text = field->bytes;
      if (text == kSpaceMark) knows_space_ = true;
      if (text.find(kSpaceMark, 1) != text.npos || text.find(' ') != text.npos) {
        allows_cuts_ = false;
      }
    }
  }

  void CheckTrainer(std::string_view bytes) {
    ProtobufReader reader(bytes, where_ + ": trainer_spec");
    while (const auto field = reader.Next()) {
      if (field->number == trainer::kTreatWhitespaceAsSuffix && field->integer != 0) {
        allows_cuts_ = false;
      }
    }
  }

  void CheckNormalizer(std::string_view bytes) {
    ProtobufReader reader(bytes, where_ + ": normalizer_spec");
    while (const auto field = reader.Next()) {
      switch (field->number) {
        case normalizer::kName:
          knows_rule_ = std::find(std::begin(kKnownRules), std::end(kKnownRules), field->bytes) !=
                        std::end(kKnownRules);
          break;
        case normalizer::kCharsmap:
          if (!field->bytes.empty()) {
            Charsmap(field->bytes, where_ + ": precompiled_charsmap");
          }
          break;
        case normalizer::kAddDummyPrefix:
        case normalizer::kRemoveExtraWhitespaces:
        case normalizer::kEscapeWhitespaces:
          if (field->integer == 0) allows_cuts_ = false;
          break;
        default:
          break;
      }
    }
  }

  const std::string& where_;
  int64_t num_pieces_ = 0;
  bool allows_cuts_ = true;
  bool knows_space_ = false;
  bool knows_rule_ = false;
};

class SentencePieceTokenizer final : public Tokenizer {
 public:
  SentencePieceTokenizer(std::string_view model, const std::string& where, SpecialTokens special)
      : allows_cuts_(ModelChecker(model, where).allows_cuts()) {
    const auto status = processor_.LoadFromSerializedProto({model.data(), model.size()});
    if (!status.ok()) throw Error(ErrorCode::kCorrupt, where + ": " + status.ToString());
    if (special == SpecialTokens::kLeftOut) return;
    if (processor_.bos_id() >= 0) prefix_.push_back(processor_.bos_id());
    if (processor_.eos_id() >= 0) suffix_.push_back(processor_.eos_id());
  }

  bool Encode(std::string_view text, int64_t max_tokens, std::vector<int32_t>* ids) const override {
    const auto num_special = std::ssize(prefix_) + std::ssize(suffix_);
    if (max_tokens < num_special) {
      throw Error(ErrorCode::kInvalidArgument,
                  "tokenizer: max_tokens is " + std::to_string(max_tokens) + ", but the " +
                      std::to_string(num_special) + " special tokens of every row must fit");
    }
    ids->insert(ids->end(), prefix_.begin(), prefix_.end());
    IdSink sink(max_tokens - num_special, ids);
    std::vector<int> found;
    while (!text.empty() && !sink.cut()) {
      const std::string_view chunk = FirstChunk(text);
      text.remove_prefix(chunk.size());
      const auto status = processor_.Encode({chunk.data(), chunk.size()}, &found);
      if (!status.ok()) throw Error(ErrorCode::kInternal, "sentencepiece: " + status.ToString());
      for (int id : found) sink.Add(id);
    }
    ids->insert(ids->end(), suffix_.begin(), suffix_.end());
    return sink.cut();
  }

  int64_t vocab_size() const override { return processor_.GetPieceSize(); }

 private:
  std::string_view FirstChunk(std::string_view text) const {
    if (!allows_cuts_) return text;
    for (int64_t size = kMinChunkBytes; size < std::ssize(text); size += kMinChunkBytes) {
      const int64_t cut = LastCutPlace(text.substr(0, static_cast<size_t>(size)),
                                       std::max(size - kMinChunkBytes, kMinChunkBytes / 2) - 1);
      if (cut >= 0) return text.substr(0, static_cast<size_t>(cut));
    }
    return text;
  }

  const bool allows_cuts_;
  sentencepiece::SentencePieceProcessor processor_;  // its const methods are thread-safe
  std::vector<int32_t> prefix_;
  std::vector<int32_t> suffix_;
};

}  // namespace

std::unique_ptr<const Tokenizer> LoadSentencePiece(std::string_view model, const std::string& where,
                                                   Tokenizer::SpecialTokens special) {
  return std::make_unique<SentencePieceTokenizer>(model, where, special);
}

}  // namespace vecmill

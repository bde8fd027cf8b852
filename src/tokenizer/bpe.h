// tokenizer/bpe.h: the BPE model of tokenizer.json.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/id_sink.h"
#include "tokenizer/model.h"
#include "tokenizer/piece_table.h"

namespace vecmill {

// The merges of a BPE vocabulary: which two tokens become one, and which of them first.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank;
    int32_t id;  // of the token that the two become
  };

  explicit MergeTable(int64_t num_merges);

  // A pair that is there already gets the later merge.
  void Set(int32_t left, int32_t right, Merge merge);

  // nullptr if the two do not merge.
  const Merge* Find(int32_t left, int32_t right) const;

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t pair = kEmpty;
    Merge merge;
  };
  size_t SlotOf(uint64_t pair) const;

  std::vector<Slot> slots_;  // a power of two of them, at most half full
};

// A word begins as its characters; of all neighbours that the merges know the two of the lowest
// rank become one token, the leftmost first, until none are left. n log n in the length of the
// word. Source:  Sennrich et al. 2016, arXiv:1508.07909, with a heap of candidates. Threads:
// constant after construction.
class Bpe final : public Model {
 public:
  // `where` names the model. Errors: kUnsupported, kCorrupt.
  Bpe(const Json& json, const std::string& where);

  void Encode(std::string_view word, IdSink* ids) const override;
  std::optional<int32_t> IdOf(std::string_view token) const override;
  int64_t num_tokens() const override { return num_tokens_; }
  int32_t max_id() const override { return max_id_; }

 private:
  static constexpr int32_t kNone = PieceTable::kNone;
  static constexpr size_t kNumShortCodePoints = 0x200;

  // A token of the word, or what was merged into the one before.
  struct Symbol {
    int32_t id;
    int32_t previous;  // indices of symbols, kNone at the ends
    int32_t next;
    bool removed;
  };
  struct Candidate {
    uint32_t rank;
    int32_t left;  // index of a symbol, to merge with its next
    int32_t id;
  };
  struct Scratch {
    std::vector<Symbol> symbols;
    std::vector<Candidate> heap;
    std::string character;
  };

  Bpe(const Json& json, const std::string& where, const std::vector<PieceTable::Piece>& tokens);
  void ReadMerges(const Json& json, const std::string& where);
  void FindWholeWords(const std::vector<PieceTable::Piece>& tokens);
  int32_t CharacterId(std::string_view character, bool is_first, bool is_last,
                      Scratch* scratch) const;
  bool AddBytes(std::string_view text, Scratch* scratch) const;
  void AddCharacters(std::string_view word, Scratch* scratch) const;
  void AddSymbol(int32_t id, Scratch* scratch) const;
  void AddCandidate(int32_t left, Scratch* scratch) const;
  void MergeAll(Scratch* scratch) const;
  void Merge(std::string_view word, Scratch* scratch) const;

  PieceTable tokens_;
  PieceTable whole_words_;  // tokens that are a word as a whole: found without merging
  MergeTable merges_;
  std::array<int32_t, kNumShortCodePoints> short_ids_;  // of one code point without affixes
  std::array<int32_t, 256> byte_ids_;                   // byte_fallback: of <0x00> to <0xFF>
  std::string prefix_;                                  // of all characters but the first
  std::string suffix_;                                  // of the last character
  int32_t unknown_id_ = kNone;
  bool fuses_unknown_;
  bool falls_back_to_bytes_;
  bool ignores_merges_;
  int64_t num_tokens_;
  int32_t max_id_;
};

}  // namespace vecmill

// tokenizer/piece_table.h: the strings of a vocabulary, found by hashes computed beforehand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// Hashes of all substrings of one word: of any of them in constant time after one pass.
//
//   hash(s) = sum over i of (s[i] + 1) * kBase^(size - 1 - i)   modulo 2^64
//
// so that hash(word[b, e)) = prefix[e] - prefix[b] * kBase^(e - b).
// Source: Karp, Rabin 1987, doi:10.1147/rd.312.0249. Equal hashes are always confirmed by bytes.
class SubstringHashes {
 public:
  void Reset(std::string_view word);
  // REQUIRES: begin <= end <= size of the word.
  uint64_t Hash(int64_t begin, int64_t end) const {
    return prefix_[static_cast<size_t>(end)] -
           prefix_[static_cast<size_t>(begin)] * powers_[static_cast<size_t>(end - begin)];
  }

 private:
  std::vector<uint64_t> prefix_;
  std::vector<uint64_t> powers_;
};

uint64_t PieceHash(std::string_view piece);

// Strings with an id each: open addressing, at most half full, 16 bytes a slot so that four slots
// share a cache line. Grows never: all strings are known when it is made.
class PieceTable {
 public:
  static constexpr int32_t kNone = -1;

  struct Piece {
    std::string_view text;  // borrowed for the constructor only
    int32_t id;             // >= 0
  };

  // REQUIRES: texts are distinct, together less than 4 GiB.
  explicit PieceTable(const std::vector<Piece>& pieces);

  // Id of `piece`, whose PieceHash is `hash`; kNone if it is not there.
  int32_t Find(std::string_view piece, uint64_t hash) const;

  int64_t max_piece_bytes() const { return max_piece_bytes_; }

 private:
  struct Slot {
    uint32_t tag;
    int32_t id = kNone;
    uint32_t text_begin;
    uint32_t text_size;
  };

  std::vector<Slot> slots_;  // a power of two of them
  // One bit for each hash that is in slots_, eight bits a piece: most strings that are not there
  // are turned away by a table that fits into the first caches, unlike slots_.
  std::vector<uint64_t> filter_;
  std::string texts_;
  int64_t max_piece_bytes_ = 0;
};

}  // namespace vecmill

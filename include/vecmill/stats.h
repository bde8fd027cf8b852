// vecmill/stats.h: the accounts of a run: per row, and summed.
#pragma once

#include <cstdint>
#include <string>

namespace vecmill {

// What happened to one row.
struct RowAccount {
  int32_t num_tokens = 0;  // tokens used, special tokens included; 0 for a row without a vector
  int32_t computed_tokens = 0;  // of them, those that went through the network
  int32_t computed_chunks = 0;  // of its chunks, or 1 of a row that is not cut, likewise
  int32_t num_chunks = 1;     // that the row was cut into; 0: this is a chunk, not its row's first
  int32_t num_passes = 1;     // through the network that they took together; 0: likewise
  bool is_null = false;       // the row was null, its vector is not set
  bool truncated = false;     // tokens beyond max_seq_length were cut off
  bool invalid_utf8 = false;  // invalid bytes were replaced by U+FFFD
  bool duplicate = false;     // computed once, for an earlier row of the same text
  bool too_long = false;      // more tokens than max_seq_length, refused: its vector is not set
  int64_t too_many_tokens = 0;  // all tokens of a row that is too_long

  bool has_vector() const { return !is_null && !too_long; }
};

// What was wrong with a row; empty where all is well. A null row is no error.
inline std::string RowError(const RowAccount& account) {
  if (account.too_long) return "too long: " + std::to_string(account.too_many_tokens) + " tokens";
  return account.invalid_utf8 ? "invalid UTF-8 was replaced by U+FFFD" : "";
}

// Where the worker threads' time went, summed over threads, in seconds.
struct StageSeconds {
  double tokenize = 0;
  double embed_lookup = 0;  // word + position + type embeddings and their LayerNorm
  double qkv = 0;
  double attention = 0;
  double attention_output = 0;  // projection + residual + LayerNorm
  double ffn_up = 0;            // first feed-forward matrix + GELU
  double ffn_down = 0;          // second feed-forward matrix + residual + LayerNorm
  double pool = 0;              // pooling, normalisation, scatter

  StageSeconds& operator+=(const StageSeconds& other) {
    tokenize += other.tokenize;
    embed_lookup += other.embed_lookup;
    qkv += other.qkv;
    attention += other.attention;
    attention_output += other.attention_output;
    ffn_up += other.ffn_up;
    ffn_down += other.ffn_down;
    pool += other.pool;
    return *this;
  }
};

}  // namespace vecmill

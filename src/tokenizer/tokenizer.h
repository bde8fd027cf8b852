// tokenizer/tokenizer.h: text to token ids, as a model's tokenizer.json or sp.model says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// Gives the ids that the tokenizers wheel 0.23.3 gives for the same file and a single text.
// docs/tokenizer.md lists the stages that are supported; others are refused by name. The file's
// truncation and padding are not read: the caller says how many tokens a row may have.
// A SentencePiece model gives SentencePiece's ids: sentence_piece.h.
// Threads: constant after loading.
class Tokenizer {
 public:
  // Whether a row has the special tokens that the file says are put around it.
  enum class SpecialTokens { kAdded, kLeftOut };

  // A name that ends in .model is a SentencePiece model, any other a tokenizer.json.
  // Errors: kNotFound, kIo, kCorrupt, kUnsupported, each naming the path and the key.
  static std::unique_ptr<const Tokenizer> Load(const std::string& path,
                                               SpecialTokens special = SpecialTokens::kAdded);

  virtual ~Tokenizer() = default;

  // Append the ids of `text`, special tokens included, to `ids`: at most max_tokens, those at the
  // end of the text cut off. Returns true if any were. `text` is UTF-8; what is not becomes some
  // other token. Time is linear in the text up to where the cut is certain (BPE: n log n in a
  // word), and nothing beyond the next few kilobytes is read; memory does not grow with the text.
  // Where a file has other stages than BERT's and they or the text allow no cut, both take the
  // whole text; SentencePiece takes a MiB at a time. Errors: kInvalidArgument if max_tokens cannot
  // hold the special tokens; kUnsupported for a normalizer that makes a text a hundred times as
  // long, and for a BPE word of 2 GiB.
  virtual bool Encode(std::string_view text, int64_t max_tokens,
                      std::vector<int32_t>* ids) const = 0;

  // The highest id + 1, added tokens included.
  virtual int64_t vocab_size() const = 0;
};

}  // namespace vecmill

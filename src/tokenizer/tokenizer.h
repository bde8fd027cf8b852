// tokenizer/tokenizer.h: text to token ids, as a model's tokenizer.json says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// Gives the ids that the tokenizers wheel 0.23.3 gives for the same file and a single text.
// Supported: normalizer BertNormalizer, pre-tokenizer BertPreTokenizer, model WordPiece,
// post-processor TemplateProcessing, BertProcessing or none, added tokens. The file's truncation
// and padding are not read: the caller says how many tokens a row may have.
// Threads: constant after loading.
class Tokenizer {
 public:
  // Errors: kNotFound, kIo, kCorrupt, kUnsupported, each naming the path and the key.
  static std::unique_ptr<const Tokenizer> Load(const std::string& tokenizer_json_path);

  virtual ~Tokenizer() = default;

  // Append the ids of `text`, special tokens included, to `ids`: at most max_tokens, those at the
  // end of the text cut off. Returns true if any were. `text` is UTF-8; what is not becomes some
  // other token. Time is linear in the text up to where the cut is certain, and nothing beyond the
  // next few kilobytes is read; memory does not grow with the text.
  // Errors: kInvalidArgument if max_tokens cannot hold the special tokens.
  virtual bool Encode(std::string_view text, int64_t max_tokens,
                      std::vector<int32_t>* ids) const = 0;

  // The highest id + 1, added tokens included.
  virtual int64_t vocab_size() const = 0;
};

}  // namespace vecmill

// weights/sentence_modules.h: how a sentence-transformers folder turns hidden states into a vector.
//
// Source: what sentence_transformers 0.4 to 6.2 write into modules.json, N_Pooling/config.json,
// N_Normalize/config.json, sentence_bert_config.json and config_sentence_transformers.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vecmill {

enum class Pooling { kMean, kCls, kMax };

// "mean", "cls" or "max".
const char* PoolingName(Pooling pooling);

struct SentenceModules {
  std::string transformer_path;  // below the model folder; "" is the folder itself
  Pooling pooling = Pooling::kMean;
  int64_t pooling_dim = 0;                // hidden size that the Pooling module expects
  bool normalize = false;                 // scale the vector to unit length
  std::optional<int64_t> max_seq_length;  // when the Transformer module sets one; at least 2
  bool lower_case = false;                // lower-case the text before the tokenizer sees it
};

// Read modules.json of `folder` and the files it leads to. Modules other than Transformer, Pooling
// and Normalize, other pooling modes, prompts that apply by default and settings this build does
// not know are refused by name. Errors: kNotFound, kCorrupt, kUnsupported, kIo.
SentenceModules ReadSentenceModules(const std::string& folder);

}  // namespace vecmill

// weights/sentence_modules.h: how a sentence-transformers folder turns hidden states into a vector.
//
// Source: what sentence_transformers 0.4 to 6.2 write into modules.json, N_Pooling/config.json,
// N_Normalize/config.json, sentence_bert_config.json and config_sentence_transformers.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vecmill/pooling.h"
#include "vecmill/similarity.h"

namespace vecmill {

// A text that goes before every row.
struct NamedPrompt {
  std::string name;
  std::string text;
};

// What changes the vector behind the pooling: a linear layer or a layer norm.
struct HeadModule {
  enum class Kind { kDense, kLayerNorm };
  enum class Function { kIdentity, kTanh, kRelu, kGelu };

  Kind kind = Kind::kDense;
  std::string path;  // of its weights (Checkpoint::Open), below the model folder
  int64_t in = 0;
  int64_t out = 0;  // of kLayerNorm: as many as in
  // Of kDense.
  bool bias = true;
  Function function = Function::kIdentity;  // of what it gives
};

struct SentenceModules {
  // Where the Transformer or StaticEmbedding module is, below the model folder; "" is that itself.
  std::string transformer_path;
  bool is_static = false;  // a table of token vectors takes the place of Transformer and Pooling
  Poolings poolings = {Pooling::kMean};
  int64_t pooling_dim = 0;                // hidden size that the Pooling module expects
  std::vector<HeadModule> head;           // one reads what the one before it gives
  bool normalize = false;                 // scale the vector to unit length
  std::optional<int64_t> max_seq_length;  // when the Transformer module sets one; at least 2
  bool lower_case = false;                // lower-case the text before the tokenizer sees it

  // What config_sentence_transformers.json says of the model as a whole.
  std::vector<NamedPrompt> prompts;
  std::string default_prompt_name;      // of `prompts`; "" for none
  bool pools_prompt = true;             // false: the prompt's tokens are left out of the pooling
  std::optional<int64_t> truncate_dim;  // values of a vector that are kept; at least 1
  Similarity similarity = Similarity::kCosine;
};

// Read modules.json of `folder` and the files it leads to. Chains of modules other than
// Transformer, Pooling, Dense or LayerNorm, Normalize and StaticEmbedding, Normalize, other pooling
// modes and settings this build does not know are refused by name. Errors: kNotFound, kCorrupt,
// kUnsupported, kIo.
SentenceModules ReadSentenceModules(const std::string& folder);

}  // namespace vecmill

// weights/model_folder.h: what a folder of model files says, read and checked before any weight.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weights/network_config.h"
#include "weights/sentence_modules.h"

namespace vecmill {

// Three layouts are read:
//  - sentence-transformers: modules.json lists Transformer, Pooling and what may follow, with
//    1_Pooling/config.json and sentence_bert_config.json, in the spellings of all versions to 6.2;
//  - sentence-transformers with StaticEmbedding in the place of Transformer and Pooling, as
//  model2vec
//    writes it too: no config.json is read, and no special tokens surround a row;
//  - transformers: config.json alone; mean pooling, no normalisation, as sentence-transformers
//    treats such a folder;
//  - what `vecmill import use` writes: config.json, model.safetensors, sp.model. The network pools.
// A setting that would change vectors and is not implemented is refused by name, never ignored.
struct ModelFolder {
  std::string path;                // as given to Open
  std::string transformer_folder;  // holds config.json, the weights (Checkpoint::Open), tokenizer
  std::string tokenizer_file;      // path of tokenizer.json or sp.model, which exists
  NetworkConfig config;
  bool has_special_tokens = true;  // those of tokenizer.json's post-processor surround a row
  Poolings poolings = {Pooling::kMean};
  std::vector<HeadModule> head;  // behind the pooling
  bool normalize = false;
  std::vector<NamedPrompt> prompts;
  std::string default_prompt_name;  // of `prompts`; "" for none
  bool pools_prompt = true;         // false: the prompt's tokens are left out of the pooling
  std::optional<int64_t> truncate_dim;
  Similarity similarity = Similarity::kCosine;
  // Tokens of a row that are used, special tokens included: max_seq_length of
  // sentence_bert_config.json, or else model_max_length of tokenizer_config.json; never more than
  // the model has positions. Of a static embedding: the truncation of tokenizer.json.
  int64_t max_seq_length = 0;

  // Errors: kNotFound (names the missing file and what the folder should hold), kCorrupt,
  // kUnsupported, kIo.
  static ModelFolder Open(const std::string& path);

 private:
  // Read config, tokenizer settings and max_seq_length. Those of a transformer may change
  // `modules`, if the folder has no modules.json.
  void OpenStatic();
  void OpenTransformer(bool has_modules, SentenceModules& modules);
  void OpenUse(bool has_modules, SentenceModules& modules);
};

}  // namespace vecmill

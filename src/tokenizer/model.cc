#include "tokenizer/model.h"

#include "tokenizer/bpe.h"
#include "tokenizer/component.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_piece.h"

namespace vecmill {

ModelType ReadModelType(const Json& root, const std::string& where) {
  const Json* model = root.Find("model");
  if (model != nullptr && model->is_object() && model->Find("type") == nullptr) {
    if (model->Find("merges") != nullptr) return ModelType::kBpe;
    if (model->Find("max_input_chars_per_word") != nullptr) return ModelType::kWordPiece;
    if (model->Find("unk_id") != nullptr) return ModelType::kUnigram;
  }
  const Json& json = GetComponent(root, "model", where, {"BPE", "Unigram", "WordPiece"});
  const std::string& type = json.GetString("type", where);
  if (type == "BPE") return ModelType::kBpe;
  return type == "Unigram" ? ModelType::kUnigram : ModelType::kWordPiece;
}

std::unique_ptr<const Model> Model::FromJson(const Json& root, const std::string& where) {
  ModelType type = ReadModelType(root, where);
  const Json& json = root.GetObject("model", where);
  const std::string key = where + ": model";
  if (type == ModelType::kBpe) return std::make_unique<Bpe>(json, key);
  if (type == ModelType::kUnigram) return std::make_unique<Unigram>(json, key);
  return std::make_unique<WordPiece>(WordPiece::FromJson(json, key));
}

}  // namespace vecmill

// tokenizer/model.h: the model of tokenizer.json: words to ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/id_sink.h"

namespace vecmill {

// Threads: constant after construction.
class Model {
 public:
  // The "model" of `root`: BPE, Unigram or WordPiece; `where` names the file.
  // Errors: kUnsupported, kCorrupt.
  static std::unique_ptr<const Model> FromJson(const Json& root, const std::string& where);

  virtual ~Model() = default;

  // Add the ids of `word`, which is not empty. May stop once ids->cut().
  virtual void Encode(std::string_view word, IdSink* ids) const = 0;

  virtual std::optional<int32_t> IdOf(std::string_view token) const = 0;

  virtual int64_t num_tokens() const = 0;
  // The highest id of the vocabulary.
  virtual int32_t max_id() const = 0;
};

// Which model the file has. Files of early versions of the format leave the type out: it is known
// by its members. Errors: kUnsupported, kCorrupt.
enum class ModelType { kBpe, kUnigram, kWordPiece };
ModelType ReadModelType(const Json& root, const std::string& where);

}  // namespace vecmill

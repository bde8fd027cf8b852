#include "tokenizer/tokenizer.h"

#include "base/json.h"
#include "base/mapped_file.h"
#include "tokenizer/bert_tokenizer.h"
#include "tokenizer/component.h"
#include "tokenizer/sentence_piece.h"
#include "tokenizer/staged_tokenizer.h"
#include "vecmill/error.h"

namespace vecmill {

std::unique_ptr<const Tokenizer> Tokenizer::Load(const std::string& path, SpecialTokens special) {
  const std::string& where = path;
  MappedFile file(where);
  if (path.ends_with(".model")) return LoadSentencePiece(file.text(), where, special);
  Json root = ParseJson(file.text(), where);
  if (!root.is_object()) {
    throw Error(ErrorCode::kCorrupt, where + ": expected an object, found " + root.Describe());
  }
  std::string version = root.GetString("version", where, "1.0");
  if (version != "1.0") ThrowUnsupported(where, "version", Json(version).Describe(), {"\"1.0\""});
  if (special == SpecialTokens::kLeftOut) root.Remove("post_processor");
  return IsBert(root, where) ? LoadBert(root, where) : LoadStaged(root, where);
}

}  // namespace vecmill

#include "tokenizer/post_processor.h"

#include "tokenizer/component.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

int32_t ReadId(const Json& json, const std::string& where, int32_t max_id) {
  if (!json.is_int() || json.integer() < 0 || json.integer() > max_id) {
    throw Error(ErrorCode::kCorrupt, where + ": expected an id from 0 to " +
                                         std::to_string(max_id) + ", found " + json.Describe());
  }
  return static_cast<int32_t>(json.integer());
}

// BertProcessing and RobertaProcessing: "sep" and "cls" are [token, id].
int32_t ReadPair(const Json& json, const char* key, const std::string& where, int32_t max_id) {
  const Json::Array& pair = json.GetArray(key, where);
  if (pair.size() != 2) {
    throw Error(ErrorCode::kCorrupt,
                where + ": " + key + ": expected [token, id], found " + Json(pair).Describe());
  }
  return ReadId(pair[1], where + ": " + key + "[1]", max_id);
}

// TemplateProcessing: special_tokens.NAME.ids.
void AppendSpecial(const Json& json, const std::string& name, const std::string& where,
                   int32_t max_id, std::vector<int32_t>* ids) {
  const Json& table = json.GetObject("special_tokens", where);
  const std::string key = where + ": special_tokens";
  const std::string token_key = key + ": " + name;
  const std::string ids_key = token_key + ": ids";
  for (const Json& id : table.GetObject(name, key).GetArray("ids", token_key)) {
    ids->push_back(ReadId(id, ids_key, max_id));
  }
}

PostProcessor ReadTemplate(const Json& json, const std::string& where, int32_t max_id) {
  PostProcessor result;
  int64_t num_texts = 0;
  for (const Json& piece : json.GetArray("single", where)) {
    std::string key = where + ": single";
    if (piece.Find("Sequence") != nullptr) {
      const std::string& text = piece.GetObject("Sequence", key).GetString("id", key);
      if (text != "A") ThrowUnsupported(where, "single", "text " + Json(text).Describe(), {"A"});
      ++num_texts;
    } else {
      const std::string& name = piece.GetObject("SpecialToken", key).GetString("id", key);
      AppendSpecial(json, name, where, max_id, num_texts == 0 ? &result.prefix : &result.suffix);
    }
  }
  if (num_texts != 1) {
    ThrowUnsupported(where, "single", "the text " + std::to_string(num_texts) + " times",
                     {"the text once"});
  }
  return result;
}

}  // namespace

PostProcessor PostProcessor::FromJson(const Json& root, const std::string& where, int32_t max_id) {
  PostProcessor result;
  std::string adding;  // the step that adds tokens
  for (const Component& step : FlattenSequence(root, "post_processor", "processors", where)) {
    const std::string& type = step.json->GetString("type", step.where);
    if (type == "ByteLevel") continue;  // changes offsets alone
    if (!adding.empty()) {
      throw Error(ErrorCode::kUnsupported,
                  step.where + ": found two steps that add tokens, the other is " + adding);
    }
    adding = step.where;
    if (type == "TemplateProcessing") {
      result = ReadTemplate(*step.json, step.where, max_id);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      result = {.prefix = {ReadPair(*step.json, "cls", step.where, max_id)},
                .suffix = {ReadPair(*step.json, "sep", step.where, max_id)}};
    } else {
      throw Error(ErrorCode::kUnsupported,
                  step.where + ": type " + Json(type).Describe() +
                      " is not supported, only Sequence, BertProcessing, ByteLevel, "
                      "RobertaProcessing, TemplateProcessing");
    }
  }
  return result;
}

}  // namespace vecmill

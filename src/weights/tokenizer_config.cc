#include "weights/tokenizer_config.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/json.h"
#include "vecmill/error.h"
#include "weights/model_file.h"

namespace vecmill {
namespace {

constexpr char kTokenizer[] = "tokenizer.json";
constexpr char kTokenizerConfig[] = "tokenizer_config.json";

// Tokenizer classes that take tokenizer.json as it is.
constexpr std::string_view kPlainClasses[] = {"PreTrainedTokenizerFast", "TokenizersBackend"};

// true, false or null (for strip_accents: as lower case says).
std::string SettingText(const Json& object, const char* key, const char* fallback,
                        const std::string& where) {
  const Json* value = object.Find(key);
  if (value == nullptr) return fallback;
  if (value->is_null() || value->is_bool()) return value->Describe();
  throw Error(ErrorCode::kCorrupt,
              where + ": " + key + ": expected true, false or null, found " + value->Describe());
}

void RequireEqualSettings(const Json& normalizer, const Json& config, const std::string& folder) {
  constexpr struct {
    const char* normalizer_key;
    const char* config_key;
    const char* fallback;  // of BertTokenizer
  } kSettings[] = {
      {"lowercase", "do_lower_case", "true"},
      {"handle_chinese_chars", "tokenize_chinese_chars", "true"},
      {"strip_accents", "strip_accents", "null"},
  };
  const std::string where = JoinPath(folder, kTokenizer) + ": normalizer";
  const std::string config_where = JoinPath(folder, kTokenizerConfig);
  for (const auto& setting : kSettings) {
    const std::string ours = SettingText(normalizer, setting.normalizer_key, "null", where);
    const std::string theirs =
        SettingText(config, setting.config_key, setting.fallback, config_where);
    if (ours == theirs) continue;
    std::string message = where;
    message.append(": ").append(setting.normalizer_key).append(" is ").append(ours);
    message.append(", but ").append(kTokenizerConfig).append(" has ").append(setting.config_key);
    message.append(" ").append(theirs);
    message.append(" (its default if not there), which transformers would follow; make the two ");
    message.append("agree: AutoTokenizer.from_pretrained('").append(folder);
    message.append("').save_pretrained('").append(folder).append("') in Python");
    throw Error(ErrorCode::kUnsupported, message);
  }
}

int64_t ReadMaxLength(const Json& config, const std::string& where) {
  const char* key = config.Find("model_max_length") != nullptr ? "model_max_length" : "max_len";
  const double length = config.GetNumber(key, where, 1e30);
  if (!(length >= 2)) {
    throw Error(ErrorCode::kCorrupt,
                where + ": " + key + ": expected at least 2, found " + Json(length).Describe());
  }
  return length < 0x1p53 ? static_cast<int64_t>(length) : INT64_MAX;
}

}  // namespace

TokenizerConfig ReadTokenizerConfig(const std::string& folder, bool lower_case) {
  if (!ModelFileExists(folder, kTokenizer)) {
    throw Error(ErrorCode::kNotFound,
                JoinPath(folder, kTokenizer) +
                    ": no such file; to make it from the tokenizer's other files, in Python: "
                    "AutoTokenizer.from_pretrained('" +
                    folder + "').save_pretrained('" + folder + "')");
  }
  Json config{Json::Object{}};
  if (ModelFileExists(folder, kTokenizerConfig)) config = ReadModelJson(folder, kTokenizerConfig);
  const std::string where = JoinPath(folder, kTokenizerConfig);

  const Json tokenizer = ReadModelJson(folder, kTokenizer);
  const Json* normalizer = tokenizer.Find("normalizer");
  const bool is_bert = normalizer != nullptr && normalizer->is_object() &&
                       normalizer->GetString("type", where, std::string()) == "BertNormalizer";
  const std::string tokenizer_class =
      config.GetString("tokenizer_class", where, std::string("BertTokenizer"));
  const bool is_plain = std::find(std::begin(kPlainClasses), std::end(kPlainClasses),
                                  tokenizer_class) != std::end(kPlainClasses);
  if (is_bert && !is_plain) RequireEqualSettings(*normalizer, config, folder);

  // Lower-casing first changes nothing for a BertNormalizer that lower-cases.
  if (lower_case && !(is_bert && normalizer->GetBool("lowercase", where, true))) {
    throw Error(ErrorCode::kUnsupported,
                folder +
                    ": sentence_bert_config.json has do_lower_case true, but the normalizer "
                    "of tokenizer.json keeps capitals; this build follows tokenizer.json");
  }
  return {.model_max_length = ReadMaxLength(config, where)};
}

}  // namespace vecmill

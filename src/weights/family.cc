#include "weights/family.h"

#include <string_view>

#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr struct {
  std::string_view model_type;
  const Family* family;
} kFamilies[] = {
    {"albert", &kAlbertFamily},       {"bert", &kBertFamily},
    {"camembert", &kRobertaFamily},   {"distilbert", &kDistilBertFamily},
    {"electra", &kElectraFamily},     {"modernbert", &kModernBertFamily},
    {"mpnet", &kMpnetFamily},         {"nomic_bert", &kNomicBertFamily},
    {"roberta", &kRobertaFamily},     {"universal-sentence-encoder", &kUseFamily},
    {"xlm-roberta", &kRobertaFamily},
};

}  // namespace

const Family& FindFamily(const std::string& model_type, const std::string& where) {
  std::string known;
  for (const auto& entry : kFamilies) {
    if (model_type == entry.model_type) return *entry.family;
    known += (known.empty() ? "" : ", ") + std::string(entry.model_type);
  }
  throw Error(ErrorCode::kUnsupported,
              where + ": model_type " + Json(model_type).Describe() + "; this build runs " + known);
}

NetworkConfig ReadNetworkConfig(const Json& config, const std::string& where) {
  const std::string& model_type = config.GetString("model_type", where);
  NetworkConfig result = FindFamily(model_type, where).read_config(config, where);
  result.model_type = model_type;
  return result;
}

EncoderTensors FindEncoderTensors(const Checkpoint& checkpoint, const NetworkConfig& config) {
  const Family& family = FindFamily(config.model_type, checkpoint.path());
  return FindEncoderTensors(checkpoint, config, family.names);
}

}  // namespace vecmill

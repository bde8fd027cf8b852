// BERT: Devlin et al. 2019, arXiv:1810.04805, as transformers' BertModel without its pooler.
// Learned absolute positions; token type 0 throughout.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  ReadPositions(config, where, result);
  result.type_vocab = ReadSize(config, "type_vocab_size", kMaxTypes, where);
  return result;
}

}  // namespace

const Family kBertFamily = {.read_config = &ReadConfig,
                            .names = {.model = "bert.", .layer = kBertLayerNames}};

}  // namespace vecmill

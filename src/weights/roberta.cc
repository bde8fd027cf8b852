// RoBERTa: Liu et al. 2019, arXiv:1907.11692; XLM-RoBERTa: Conneau et al. 2020, arXiv:1911.02116;
// CamemBERT: Martin et al. 2020, arXiv:1911.03894. BERT with the positions of fairseq, which count
// from behind pad_token_id.
#include "vecmill/error.h"
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  result.pad_id = config.GetInt("pad_token_id", where, 1);
  if (result.pad_id < 0 || result.pad_id >= result.vocab) {
    throw Error(ErrorCode::kCorrupt, where + ": pad_token_id: expected 0 to " +
                                         std::to_string(result.vocab - 1) + ", found " +
                                         std::to_string(result.pad_id));
  }
  ReadPositions(config, where, result);
  result.type_vocab = ReadSize(config, "type_vocab_size", kMaxTypes, where);
  return result;
}

}  // namespace

const Family kRobertaFamily = {.read_config = &ReadConfig,
                               .names = {.model = "roberta.", .layer = kBertLayerNames}};

}  // namespace vecmill

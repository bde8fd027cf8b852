// ELECTRA: Clark et al. 2020, arXiv:2003.10555. BERT whose embeddings may be narrower than its
// hidden states, and then go through a linear layer. The discriminator is the model to use.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  ReadPositions(config, where, result);
  result.type_vocab = ReadSize(config, "type_vocab_size", kMaxTypes, where);
  result.embedding = ReadSize(config, "embedding_size", kMaxHidden, where);
  result.projection = result.embedding != result.hidden;
  return result;
}

}  // namespace

const Family kElectraFamily = {
    .read_config = &ReadConfig,
    .names = {.model = "electra.", .layer = kBertLayerNames, .projection = "embeddings_project"}};

}  // namespace vecmill

// ALBERT: Lan et al. 2020, arXiv:1909.11942. Narrow embeddings that a linear layer widens, and one
// layer's weights for all layers.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  ReadPositions(config, where, result);
  result.type_vocab = ReadSize(config, "type_vocab_size", kMaxTypes, where);
  result.embedding = ReadSize(config, "embedding_size", kMaxHidden, where);
  result.projection = true;  // even if the widths are equal
  RequireSetting(config, "num_hidden_groups", int64_t{1}, where);
  RequireSetting(config, "inner_group_num", int64_t{1}, where);
  result.shared_layer = true;
  return result;
}

}  // namespace

const Family kAlbertFamily = {
    .read_config = &ReadConfig,
    .names = {.model = "albert.",
              .layer = {.prefix = "encoder.albert_layer_groups.0.albert_layers.",
                        .query = "attention.query",
                        .key = "attention.key",
                        .value = "attention.value",
                        .attention_output = "attention.dense",
                        .attention_norm = "attention.LayerNorm",
                        .ffn_up = "ffn",
                        .ffn_down = "ffn_output",
                        .ffn_norm = "full_layer_layer_norm"},
              .projection = "encoder.embedding_hidden_mapping_in"}};

}  // namespace vecmill

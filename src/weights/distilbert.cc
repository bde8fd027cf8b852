// DistilBERT: Sanh et al. 2019, arXiv:1910.01108. BERT without token types, under names of its own.
// Sinusoidal positions, where a model has them, are in the checkpoint like learned ones.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  RefuseVariants(config, where);
  RefuseCode(config, where);
  NetworkConfig result;
  result.hidden = ReadSize(config, "dim", kMaxHidden, where);
  result.layers = ReadSize(config, "n_layers", kMaxLayers, where);
  result.heads = ReadSize(config, "n_heads", result.hidden, where);
  SetHeadDim(result, "dim", "n_heads", where);
  result.ffn = ReadSize(config, "hidden_dim", kMaxFfn, where);
  result.vocab = ReadSize(config, "vocab_size", kMaxVocab, where);
  result.embedding = result.hidden;
  result.layer_norm_eps = 1e-12f;  // whatever the configuration says
  result.activation = ReadActivation(config, "activation", where);
  ReadPositions(config, where, result);
  return result;
}

}  // namespace

const Family kDistilBertFamily = {.read_config = &ReadConfig,
                                  .names = {.model = "distilbert.",
                                            .layer = {.prefix = "transformer.layer.",
                                                      .query = "attention.q_lin",
                                                      .key = "attention.k_lin",
                                                      .value = "attention.v_lin",
                                                      .attention_output = "attention.out_lin",
                                                      .attention_norm = "sa_layer_norm",
                                                      .ffn_up = "ffn.lin1",
                                                      .ffn_down = "ffn.lin2",
                                                      .ffn_norm = "output_layer_norm"}}};

}  // namespace vecmill

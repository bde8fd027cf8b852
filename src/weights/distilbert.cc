// DistilBERT: Sanh et al. 2019, arXiv:1910.01108. BERT without token types, under names of its own.
// Sinusoidal positions, where a model has them, are in the checkpoint like learned ones.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  RefuseCode(config, where);
  constexpr SizeKeys kKeys = {
      .hidden = "dim", .layers = "n_layers", .heads = "n_heads", .ffn = "hidden_dim"};
  NetworkConfig result = ReadSizes(config, kKeys, where);
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

// MPNet: Song et al. 2020, arXiv:2004.09297. BERT with the positions of fairseq, behind the pad
// token 1, without token types, and with a bias on the scores of every layer's attention, by T5's
// buckets of distance.
#include "weights/config_checks.h"
#include "weights/family.h"

namespace vecmill {
namespace {

NetworkConfig ReadConfig(const Json& config, const std::string& where) {
  NetworkConfig result = ReadBertKeys(config, where);
  result.pad_id = 1;  // whatever the configuration says
  ReadPositions(config, where, result);
  // transformers takes the buckets to be 32 and only makes the table by this setting.
  RequireSetting(config, "relative_attention_num_buckets", kNumDistanceBuckets, where);
  result.relative_bias = true;
  return result;
}

}  // namespace

const Family kMpnetFamily = {.read_config = &ReadConfig,
                             .names = {.model = "mpnet.",
                                       .layer = {.prefix = "encoder.layer.",
                                                 .query = "attention.attn.q",
                                                 .key = "attention.attn.k",
                                                 .value = "attention.attn.v",
                                                 .attention_output = "attention.attn.o",
                                                 .attention_norm = "attention.LayerNorm",
                                                 .ffn_up = "intermediate.dense",
                                                 .ffn_down = "output.dense",
                                                 .ffn_norm = "output.LayerNorm"},
                                       .relative_bias = "encoder.relative_attention_bias"}};

}  // namespace vecmill

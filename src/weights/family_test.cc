// What each family's config.json means and how its tensors are called, on the tiny models of
// tests/data/models.
#include "weights/family.h"

#include <algorithm>

#include "weights/model_file.h"
#include "weights/model_fixture.h"
#include "weights/model_folder.h"

namespace vecmill {
namespace {

constexpr char kModels[] = VECMILL_TEST_DATA "/models";
constexpr char kWhere[] = "folder/config.json";

std::string TinyModel(const std::string& model_type) {
  return std::string(kModels) + "/tiny_" + model_type;
}

// The config.json of a family's tiny model with one member replaced, by JSON text; "" removes it.
NetworkConfig ReadWith(const std::string& model_type, const std::string& key,
                       const std::string& value) {
  const Json config = ReadModelJson(TinyModel(model_type), "config.json");
  Json::Object members;
  for (const auto& member : config.object()) {
    if (member.first != key) members.push_back(member);
  }
  if (!value.empty()) members.emplace_back(key, ParseJson(value, key));
  return ReadNetworkConfig(Json(members), kWhere);
}

NetworkConfig Read(const std::string& model_type) { return ReadWith(model_type, "", ""); }

void ExpectUnsupported(const std::string& model_type, const std::string& key,
                       const std::string& value) {
  ExpectError(ErrorCode::kUnsupported, {kWhere, key}, [&] { ReadWith(model_type, key, value); });
}

void ExpectCorrupt(const std::string& model_type, const std::string& key,
                   const std::string& value) {
  ExpectError(ErrorCode::kCorrupt, {kWhere, key}, [&] { ReadWith(model_type, key, value); });
}

class FamilyTest : public testing::TestWithParam<const char*> {};

TEST_P(FamilyTest, FindsItsTensorsWithAndWithoutTheModelsName) {
  const std::string path = TinyModel(GetParam());
  const ModelFolder folder = ModelFolder::Open(path);
  EXPECT_EQ(folder.config.model_type, GetParam());
  const std::string_view prefix = FindFamily(GetParam(), kWhere).names.model;
  const Checkpoint original = Checkpoint::Open(path);
  for (const bool with_name : {false, true}) {
    std::vector<Tensor> tensors = original.tensors();
    for (Tensor& tensor : tensors) {
      if (tensor.name.starts_with(prefix)) tensor.name.erase(0, prefix.size());
      if (with_name) tensor.name.insert(0, prefix);
    }
    const TempFolder copy;
    WriteBytes(copy / "model.safetensors", SafetensorsBytes(tensors));
    const EncoderTensors found = FindEncoderTensors(Checkpoint::Open(copy.path()), folder.config);
    EXPECT_EQ(found.layers.size(), folder.config.shared_layer ? 1U : 3U);
    EXPECT_EQ(found.word_embeddings.name.starts_with(prefix), with_name);
  }
}

TEST_P(FamilyTest, NamesTheFirstTensorsThatAreMissing) {
  const std::string path = TinyModel(GetParam());
  const TempFolder empty;
  WriteBytes(empty / "model.safetensors", SafetensorsBytes(std::span<const Tensor>()));
  ExpectError(
      ErrorCode::kCorrupt,
      {FindFamily(GetParam(), kWhere).names.words, std::string("of this ") + GetParam()},
      [&] { FindEncoderTensors(Checkpoint::Open(empty.path()), ModelFolder::Open(path).config); });
}

TEST_P(FamilyTest, RefusesVariantsThatComputeSomethingElse) {
  ExpectUnsupported(GetParam(), "position_embedding_type", "\"relative_key\"");
  ExpectUnsupported(GetParam(), "is_decoder", "true");
  ExpectUnsupported(GetParam(), "add_cross_attention", "true");
  ExpectUnsupported(GetParam(), "pruned_heads", R"({"0":[1]})");
  ExpectUnsupported(GetParam(), "quantization_config", R"({"bits":8})");
  ExpectUnsupported(GetParam(), "auto_map", R"({"AutoModel":"code.Model"})");
}

TEST_P(FamilyTest, RefusesSizesThatAreMissingOrNoNumbers) {
  for (const char* key : {"vocab_size", "max_position_embeddings"}) {
    for (const char* value : {"", "0", "-1", "\"4\"", "1e300"}) {
      ExpectCorrupt(GetParam(), key, value);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FamilyTest,
                         testing::Values("albert", "distilbert", "electra", "modernbert", "mpnet",
                                         "nomic_bert", "roberta", "xlm-roberta"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(DistilBertTest, ReadsItsOwnKeys) {
  const NetworkConfig config = ReadWith("distilbert", "layer_norm_eps", "0.5");
  EXPECT_EQ(config.hidden, 24);
  EXPECT_EQ(config.layers, 3);
  EXPECT_EQ(config.heads, 2);
  EXPECT_EQ(config.head_dim, 12);
  EXPECT_EQ(config.ffn, 40);
  EXPECT_EQ(config.max_positions, 40);
  EXPECT_EQ(config.type_vocab, 0);
  EXPECT_EQ(config.layer_norm_eps, 1e-12f) << "DistilBERT has no such setting";
  ExpectUnsupported("distilbert", "activation", "\"quick_gelu\"");
  ExpectCorrupt("distilbert", "n_heads", "5");
}

TEST(RobertaTest, PositionsBeginBehindThePadToken) {
  for (const char* family : {"roberta", "xlm-roberta", "mpnet"}) {
    EXPECT_EQ(Read(family).pad_id, 1);
    EXPECT_EQ(Read(family).max_positions, 38);
  }
  EXPECT_EQ(ReadWith("roberta", "pad_token_id", "").pad_id, 1);
  EXPECT_EQ(ReadWith("roberta", "pad_token_id", "0").max_positions, 39);
  EXPECT_EQ(ReadWith("roberta", "max_position_embeddings", "3").max_positions, 1);
  ExpectCorrupt("roberta", "max_position_embeddings", "2");
  ExpectCorrupt("roberta", "pad_token_id", "-1");
  ExpectCorrupt("roberta", "pad_token_id", "100000");
  EXPECT_EQ(ReadWith("mpnet", "pad_token_id", "7").pad_id, 1) << "MPNet does not ask";
}

TEST(RobertaTest, RowsAreNoLongerThanThePositionsLeft) {
  const TempFolder folder("tiny_roberta");
  EXPECT_EQ(ModelFolder::Open(folder.path()).max_seq_length, 32) << "of tokenizer_config.json";
  std::filesystem::remove(folder / "tokenizer_config.json");
  EXPECT_EQ(ModelFolder::Open(folder.path()).max_seq_length, 38);
}

TEST(RobertaTest, CamembertIsOne) {
  NetworkConfig expected = Read("roberta");
  expected.model_type = "camembert";
  EXPECT_EQ(ReadWith("roberta", "model_type", "\"camembert\""), expected);
}

TEST(MpnetTest, RefusesOtherBuckets) {
  EXPECT_TRUE(Read("mpnet").relative_bias);
  EXPECT_TRUE(ReadWith("mpnet", "relative_attention_num_buckets", "").relative_bias);
  ExpectUnsupported("mpnet", "relative_attention_num_buckets", "64");
}

TEST(ElectraTest, ProjectsOnlyNarrowEmbeddings) {
  EXPECT_EQ(Read("electra").embedding, 16);
  EXPECT_TRUE(Read("electra").projection);
  EXPECT_FALSE(ReadWith("electra", "embedding_size", "24").projection);
  ExpectCorrupt("electra", "embedding_size", "0");
}

TEST(AlbertTest, RefusesSeveralGroupsByName) {
  EXPECT_TRUE(Read("albert").shared_layer);
  EXPECT_EQ(Read("albert").activation, Activation::kGeluTanh);
  EXPECT_TRUE(ReadWith("albert", "embedding_size", "24").projection);
  ExpectUnsupported("albert", "num_hidden_groups", "2");
  ExpectUnsupported("albert", "inner_group_num", "2");
}

TEST(ModernBertTest, ReadsOldAndNewSettings) {
  const NetworkConfig old = Read("modernbert");
  EXPECT_EQ(old.local_layers, (std::vector<bool>{false, true, true}));
  EXPECT_EQ(old.local_distance, 4);
  EXPECT_EQ(old.rope_theta, 160000.0);
  EXPECT_EQ(old.local_rope_theta, 10000.0);
  EXPECT_EQ(ReadWith("modernbert", "layer_types",
                     R"(["full_attention","sliding_attention","sliding_attention"])"),
            old);
  EXPECT_EQ(ReadWith("modernbert", "rope_parameters",
                     R"({"full_attention":{"rope_type":"default","rope_theta":160000},
                         "sliding_attention":{"rope_theta":10000.0}})"),
            old);
  EXPECT_EQ(ReadWith("modernbert", "global_attn_every_n_layers", "2").local_layers,
            (std::vector<bool>{false, true, false}));
  EXPECT_EQ(ReadWith("modernbert", "local_rope_theta", "5000").local_rope_theta, 5000.0);
}

TEST(ModernBertTest, RefusesOtherSettingsByName) {
  for (const char* key : {"attention_bias", "mlp_bias", "norm_bias"}) {
    ExpectUnsupported("modernbert", key, "true");
  }
  ExpectUnsupported("modernbert", "rope_scaling", R"({"rope_type":"yarn"})");
  ExpectUnsupported("modernbert", "rope_parameters", R"({"full_attention":{"rope_type":"yarn"}})");
  ExpectUnsupported("modernbert", "layer_types", R"(["linear_attention"])");
  ExpectCorrupt("modernbert", "layer_types", R"(["full_attention"])");
  ExpectCorrupt("modernbert", "global_attn_every_n_layers", "0");
  ExpectCorrupt("modernbert", "local_attention", "-1");
  ExpectCorrupt("modernbert", "global_rope_theta", "0");
  ExpectError(ErrorCode::kCorrupt, {kWhere, "heads of 3"},
              [] { ReadWith("modernbert", "num_attention_heads", "8"); });
}

// The configuration that the model's own code writes, without its last brace.
constexpr char kOwnNomicConfig[] = R"({"model_type":"nomic_bert","auto_map":{"AutoModel":
  "nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel"},
  "activation_function":"swiglu","n_embd":24,"n_layer":3,"n_head":2,"n_inner":40,"n_positions":40,
  "vocab_size":69,"type_vocab_size":2,"layer_norm_epsilon":1e-12,"rotary_emb_base":1000,
  "rotary_emb_fraction":1.0,"rotary_scaling_factor":null,"qkv_proj_bias":false,"causal":false)";

TEST(NomicBertTest, ReadsItsOwnConfigurationAndThatOfTransformers) {
  NetworkConfig own = ReadNetworkConfig(ParseJson(std::string(kOwnNomicConfig) + "}", "x"), kWhere);
  const NetworkConfig native = Read("nomic_bert");
  own.vocab = native.vocab;
  EXPECT_EQ(own, native);
  EXPECT_EQ(ReadWith("nomic_bert", "rope_parameters", "null").rope_theta, 1000.0);
  ExpectUnsupported("nomic_bert", "rope_parameters", R"({"rope_type":"dynamic"})");
  ExpectUnsupported("nomic_bert", "head_dim", "16");
}

TEST(NomicBertTest, RefusesOtherSettingsByName) {
  const std::string config = kOwnNomicConfig;
  for (const char* key : {"prenorm", "mlp_fc1_bias", "rotary_emb_interleaved", "use_rms_norm"}) {
    ExpectError(ErrorCode::kUnsupported, {kWhere, key}, [&] {
      ReadNetworkConfig(ParseJson(config + ",\"" + key + "\":true}", "x"), kWhere);
    });
  }
  for (const char* key : {"moe_every_n_layers", "rotary_emb_scale_base"}) {
    ExpectError(ErrorCode::kUnsupported, {kWhere, key},
                [&] { ReadNetworkConfig(ParseJson(config + ",\"" + key + "\":2}", "x"), kWhere); });
  }
  const auto replace = [&](const std::string& from, const std::string& to) {
    std::string text = config + "}";
    text.replace(text.find(from), from.size(), to);
    return ParseJson(text, "x");
  };
  ExpectError(ErrorCode::kUnsupported, {"activation_function", "geglu"},
              [&] { ReadNetworkConfig(replace("swiglu", "geglu"), kWhere); });
  ExpectError(ErrorCode::kUnsupported, {"rotary_emb_fraction"},
              [&] { ReadNetworkConfig(replace("fraction\":1.0", "fraction\":0.5"), kWhere); });
  ExpectError(ErrorCode::kUnsupported, {"auto_map", "other.Model"}, [&] {
    ReadNetworkConfig(replace("modeling_hf_nomic_bert.NomicBertModel", "other.Model"), kWhere);
  });
}

}  // namespace
}  // namespace vecmill

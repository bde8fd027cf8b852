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
  ExpectError(ErrorCode::kCorrupt,
              {"embeddings.word_embeddings.weight", std::string("of this ") + GetParam()}, [&] {
                FindEncoderTensors(Checkpoint::Open(empty.path()), ModelFolder::Open(path).config);
              });
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
                         testing::Values("albert", "distilbert", "electra", "mpnet", "roberta",
                                         "xlm-roberta"),
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
  ExpectUnsupported("distilbert", "activation", "\"silu\"");
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

}  // namespace
}  // namespace vecmill

#include "weights/network_config.h"

#include <map>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

constexpr char kWhere[] = "folder/config.json";

// A config.json whose members can be replaced, by JSON text; "" removes one.
class NetworkConfigTest : public testing::Test {
 protected:
  NetworkConfig Read() const {
    std::string text;
    for (const auto& [key, value] : members_) {
      if (!value.empty()) text += (text.empty() ? "\"" : ",\"") + key + "\":" + value;
    }
    return ReadNetworkConfig(ParseJson("{" + text + "}", kWhere), kWhere);
  }

  NetworkConfig ReadWith(const std::string& key, const std::string& value) {
    const std::string before = std::exchange(members_[key], value);
    NetworkConfig config;
    try {
      config = Read();
    } catch (...) {
      members_[key] = before;
      throw;
    }
    members_[key] = before;
    return config;
  }

  void ExpectErrorWith(ErrorCode code, const std::string& key, const std::string& value,
                       std::string_view message = "") {
    ExpectError(code, {kWhere, key, message}, [&] { ReadWith(key, value); });
  }

  std::map<std::string, std::string> members_ = {
      {"model_type", "\"bert\""},    {"hidden_size", "48"},
      {"num_hidden_layers", "3"},    {"num_attention_heads", "4"},
      {"intermediate_size", "80"},   {"vocab_size", "300"},
      {"type_vocab_size", "2"},      {"max_position_embeddings", "64"},
      {"layer_norm_eps", "1e-05"},   {"hidden_act", "\"gelu\""},
      {"hidden_dropout_prob", "0.1"}};
};

TEST_F(NetworkConfigTest, ReadsSizes) {
  const NetworkConfig config = Read();
  EXPECT_EQ(config.hidden, 48);
  EXPECT_EQ(config.layers, 3);
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.head_dim, 12);
  EXPECT_EQ(config.ffn, 80);
  EXPECT_EQ(config.vocab, 300);
  EXPECT_EQ(config.max_positions, 64);
  EXPECT_EQ(config.type_vocab, 2);
  EXPECT_EQ(config.layer_norm_eps, 1e-5f);
  EXPECT_EQ(config.activation, Activation::kGeluErf);
}

TEST_F(NetworkConfigTest, EpsilonDefaultsToThatOfTransformers) {
  EXPECT_EQ(ReadWith("layer_norm_eps", "").layer_norm_eps, 1e-12f);
}

TEST_F(NetworkConfigTest, ReadsActivations) {
  EXPECT_EQ(ReadWith("hidden_act", "\"gelu_new\"").activation, Activation::kGeluTanh);
  EXPECT_EQ(ReadWith("hidden_act", "\"relu\"").activation, Activation::kRelu);
  ExpectErrorWith(ErrorCode::kUnsupported, "hidden_act", "\"quick_gelu\"", "gelu, ");
  ExpectErrorWith(ErrorCode::kCorrupt, "hidden_act", "7", "found 7");
  ExpectErrorWith(ErrorCode::kCorrupt, "hidden_act", "", "found nothing");
}

TEST_F(NetworkConfigTest, RefusesSizesOutOfRange) {
  for (const char* key :
       {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "vocab_size", "type_vocab_size", "max_position_embeddings"}) {
    for (const char* value :
         {"0", "-1", "9223372036854775807", "1e300", "4.5", "\"4\"", "null", "[]", ""}) {
      ExpectErrorWith(ErrorCode::kCorrupt, key, value);
    }
  }
  ExpectErrorWith(ErrorCode::kCorrupt, "num_attention_heads", "5", "48");
  ExpectErrorWith(ErrorCode::kCorrupt, "num_attention_heads", "49", "1 to 48");
  ExpectErrorWith(ErrorCode::kCorrupt, "num_hidden_layers", "1001", "1 to 1000");
  for (const char* value : {"0", "-1e-5", "1e-300", "2", "\"small\""}) {
    ExpectErrorWith(ErrorCode::kCorrupt, "layer_norm_eps", value);
  }
}

TEST_F(NetworkConfigTest, RefusesOtherNetworksByName) {
  for (const char* type : {"t5", "xlm-roberta-xl", "deberta-v2", "gpt2", "BERT"}) {
    const std::string quoted = Json(type).Dump();
    ExpectErrorWith(ErrorCode::kUnsupported, "model_type", quoted, quoted);
  }
  ExpectErrorWith(ErrorCode::kCorrupt, "model_type", "", "found nothing");
}

TEST_F(NetworkConfigTest, RefusesVariantsThatComputeSomethingElse) {
  ExpectErrorWith(ErrorCode::kUnsupported, "position_embedding_type", "\"relative_key\"",
                  "relative_key");
  ExpectErrorWith(ErrorCode::kUnsupported, "position_embedding_type", "\"alibi\"", "alibi");
  ExpectErrorWith(ErrorCode::kUnsupported, "is_decoder", "true");
  ExpectErrorWith(ErrorCode::kUnsupported, "add_cross_attention", "true");
  ExpectErrorWith(ErrorCode::kUnsupported, "pruned_heads", R"({"0":[1]})");
  ExpectErrorWith(ErrorCode::kUnsupported, "quantization_config", R"({"bits":8})");
  ExpectErrorWith(ErrorCode::kUnsupported, "auto_map", R"({"AutoModel":"code.Model"})");
}

TEST_F(NetworkConfigTest, AcceptsWhatChangesNothing) {
  const NetworkConfig plain = Read();
  EXPECT_EQ(ReadWith("position_embedding_type", "\"absolute\""), plain);
  EXPECT_EQ(ReadWith("is_decoder", "false"), plain);
  EXPECT_EQ(ReadWith("pruned_heads", "{}"), plain);
  EXPECT_EQ(ReadWith("hidden_dropout_prob", "0.5"), plain);
  EXPECT_EQ(ReadWith("auto_map", "null"), plain);
  EXPECT_EQ(ReadWith("something_new", "[1]"), plain);
}

}  // namespace
}  // namespace vecmill

#include "weights/encoder_tensors.h"

#include <algorithm>
#include <numeric>

#include "weights/model_fixture.h"
#include "weights/model_folder.h"

namespace vecmill {
namespace {

// A copy of micro_bert whose tensors, mapped from the original, can be renamed and replaced before
// they are written.
class EncoderTensorsTest : public testing::Test {
 protected:
  EncoderTensorsTest()
      : folder_("micro_bert"),
        config_(ModelFolder::Open(folder_.path()).config),
        tensors_(Checkpoint::Open(VECMILL_TEST_DATA "/models/micro_bert").tensors()) {}

  Tensor& Named(std::string_view name) {
    return *std::find_if(tensors_.begin(), tensors_.end(),
                         [&](const Tensor& tensor) { return tensor.name == name; });
  }

  EncoderTensors Find() {
    WriteBytes(folder_ / "model.safetensors", SafetensorsBytes(tensors_));
    return FindEncoderTensors(Checkpoint::Open(folder_.path()), config_);
  }

  TempFolder folder_;
  NetworkConfig config_;
  std::vector<Tensor> tensors_;
};

float First(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.num_elements()));
  tensor.CopyF32(values.data());
  return values.at(0);
}

TEST_F(EncoderTensorsTest, FindsEveryTensor) {
  const EncoderTensors bert = Find();
  EXPECT_EQ(bert.word_embeddings.shape, (std::vector<int64_t>{11, 4}));
  EXPECT_EQ(bert.position_embeddings.shape, (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(bert.token_type_embeddings.shape, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(bert.embedding_norm.gamma.name, "embeddings.LayerNorm.weight");
  EXPECT_EQ(bert.embedding_norm.beta.name, "embeddings.LayerNorm.bias");
  ASSERT_EQ(bert.layers.size(), 2u);
  const EncoderLayerTensors& layer = bert.layers[1];
  EXPECT_EQ(layer.query.weight.name, "encoder.layer.1.attention.self.query.weight");
  EXPECT_EQ(layer.key.bias.name, "encoder.layer.1.attention.self.key.bias");
  EXPECT_EQ(layer.value.weight.name, "encoder.layer.1.attention.self.value.weight");
  EXPECT_EQ(layer.attention_output.weight.name, "encoder.layer.1.attention.output.dense.weight");
  EXPECT_EQ(layer.attention_norm.gamma.name, "encoder.layer.1.attention.output.LayerNorm.weight");
  EXPECT_EQ(layer.ffn_up.weight.name, "encoder.layer.1.intermediate.dense.weight");
  EXPECT_EQ(layer.ffn_up.weight.shape, (std::vector<int64_t>{6, 4}));
  EXPECT_EQ(layer.ffn_down.weight.name, "encoder.layer.1.output.dense.weight");
  EXPECT_EQ(layer.ffn_down.weight.shape, (std::vector<int64_t>{4, 6}));
  EXPECT_EQ(layer.ffn_norm.beta.name, "encoder.layer.1.output.LayerNorm.bias");
}

TEST_F(EncoderTensorsTest, AcceptsPrefixedAndOldNames) {
  const float gamma = First(Find().layers[0].ffn_norm.gamma);
  const float beta = First(Find().embedding_norm.beta);
  for (Tensor& tensor : tensors_) {
    const size_t weight = tensor.name.find("LayerNorm.weight");
    const size_t bias = tensor.name.find("LayerNorm.bias");
    if (weight != std::string::npos) tensor.name.replace(weight + 10, 6, "gamma");
    if (bias != std::string::npos) tensor.name.replace(bias + 10, 4, "beta");
    tensor.name = "bert." + tensor.name;
  }
  const EncoderTensors bert = Find();
  EXPECT_EQ(bert.layers[0].ffn_norm.gamma.name, "bert.encoder.layer.0.output.LayerNorm.gamma");
  EXPECT_EQ(First(bert.layers[0].ffn_norm.gamma), gamma);
  EXPECT_EQ(First(bert.embedding_norm.beta), beta);
}

TEST_F(EncoderTensorsTest, LeavesOtherTensorsAlone) {
  Tensor extra = tensors_.front();
  for (const char* name : {"pooler.dense.weight", "cls.predictions.bias", "embeddings.position_ids",
                           "encoder.layer.x"}) {
    extra.name = name;
    extra.dtype = "U32";
    tensors_.push_back(extra);
  }
  EXPECT_EQ(Find().layers.size(), 2u);
}

TEST_F(EncoderTensorsTest, ListsMissingTensors) {
  tensors_.erase(tensors_.begin(), tensors_.begin() + 3);
  const std::string last = tensors_.back().name;
  tensors_.pop_back();
  ExpectError(ErrorCode::kCorrupt,
              {"model.safetensors", "4 tensors", "embeddings.position_embeddings.weight",
               "embeddings.LayerNorm.weight", last},
              [&] { Find(); });
  tensors_.clear();
  ExpectError(ErrorCode::kCorrupt, {"37 tensors", "embeddings.word_embeddings.weight", ", ..."},
              [&] { Find(); });
}

TEST_F(EncoderTensorsTest, RefusesOtherShapes) {
  Named("encoder.layer.0.intermediate.dense.weight").shape = {4, 6};
  ExpectError(
      ErrorCode::kCorrupt,
      {"model.safetensors", "encoder.layer.0.intermediate.dense.weight", "[4, 6]", "[6, 4]"},
      [&] { Find(); });
}

TEST_F(EncoderTensorsTest, RefusesOtherDtypes) {
  Named("encoder.layer.0.intermediate.dense.weight").dtype = "I32";
  ExpectError(ErrorCode::kUnsupported, {"encoder.layer.0.intermediate.dense.weight", "I32"},
              [&] { Find(); });
}

TEST_F(EncoderTensorsTest, RefusesMoreLayersThanTheConfigCounts) {
  config_.layers = 1;
  ExpectError(ErrorCode::kCorrupt, {"layer 1", "num_hidden_layers 1"}, [&] { Find(); });
  config_.layers = 3;
  ExpectError(ErrorCode::kCorrupt, {"16 tensors", "encoder.layer.2."}, [&] { Find(); });
}

}  // namespace
}  // namespace vecmill

#include "nets/sentence_head.h"

#include <cmath>
#include <random>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

constexpr int64_t kIn = 48;
constexpr int64_t kMiddle = 20;
constexpr int64_t kOut = 7;

constexpr char kModules[] = R"([
  {"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
  {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
  {"idx":2,"name":"2","path":"2_Dense","type":"sentence_transformers.models.Dense"},
  {"idx":3,"name":"3","path":"3_Dense","type":
   "sentence_transformers.base.modules.dense.Dense"},
  {"idx":4,"name":"4","path":"4_Normalize","type":"sentence_transformers.models.Normalize"}])";

std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string DenseFile(int64_t out, int64_t in, const std::vector<float>& weight,
                      const std::vector<float>& bias) {
  const std::string end = std::to_string(weight.size() * 4);
  std::string header = R"({"linear.weight":{"dtype":"F32","shape":[)" + std::to_string(out) + "," +
                       std::to_string(in) + R"(],"data_offsets":[0,)" + end + "]}";
  if (!bias.empty()) {
    header += R"(,"linear.bias":{"dtype":"F32","shape":[)" + std::to_string(out) +
              R"(],"data_offsets":[)" + end + "," +
              std::to_string((weight.size() + bias.size()) * 4) + "]}";
  }
  return SafetensorsBytes(header + "}", Bytes(weight) + Bytes(bias));
}

// A folder whose pooling is followed by tanh(W x + b) and V x.
SentenceHead Load(const ModelFolder& folder) {
  PrivateArrays store;
  return {folder.head, SentenceHead::OpenCheckpoints(folder), store};
}

class SentenceHeadTest : public testing::Test {
 protected:
  SentenceHeadTest() {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> uniform(-0.3f, 0.3f);
    for (auto* numbers : {&first_, &bias_, &second_, &input_}) {
      for (float& number : *numbers) number = uniform(random);
    }
    WriteBytes(folder_ / "modules.json", kModules);
    std::filesystem::create_directory(folder_ / "2_Dense");
    std::filesystem::create_directory(folder_ / "3_Dense");
    WriteConfig("2_Dense", kIn, kMiddle, true, "activation.Tanh");
    WriteConfig("3_Dense", kMiddle, kOut, false, "linear.Identity");
    WriteBytes(folder_ / "2_Dense/model.safetensors", DenseFile(kMiddle, kIn, first_, bias_));
    WriteBytes(folder_ / "3_Dense/model.safetensors", DenseFile(kOut, kMiddle, second_, {}));
  }

  void WriteConfig(const std::string& module, int64_t in, int64_t out, bool bias,
                   const std::string& function) const {
    WriteBytes(folder_ / (module + "/config.json"),
               R"({"in_features":)" + std::to_string(in) + R"(,"out_features":)" +
                   std::to_string(out) + R"(,"bias":)" + (bias ? "true" : "false") +
                   R"(,"activation_function":"torch.nn.modules.)" + function + "\"}");
  }

  void ExpectRefused(ErrorCode code, const std::string& named) const {
    try {
      Load(ModelFolder::Open(folder_.path()));
      ADD_FAILURE() << "not refused: " << named;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
    }
  }

  TempFolder folder_{"tiny_bert"};
  std::vector<float> first_ = std::vector<float>(kMiddle * kIn);
  std::vector<float> bias_ = std::vector<float>(kMiddle);
  std::vector<float> second_ = std::vector<float>(kOut * kMiddle);
  std::vector<float> input_ = std::vector<float>(kIn);
};

TEST_F(SentenceHeadTest, AppliesTheLayersInOrder) {
  const ModelFolder folder = ModelFolder::Open(folder_.path());
  EXPECT_TRUE(folder.normalize);
  const SentenceHead head = Load(folder);
  ASSERT_FALSE(head.empty());
  EXPECT_EQ(head.out(), kOut);
  SentenceHead::Workspace workspace;
  const float* actual = head.Apply(input_.data(), workspace);
  std::vector<double> middle(kMiddle);
  for (size_t i = 0; i < middle.size(); ++i) {
    double sum = static_cast<double>(bias_[i]);
    for (size_t k = 0; k < input_.size(); ++k) {
      sum += static_cast<double>(first_[i * kIn + k]) * static_cast<double>(input_[k]);
    }
    middle[i] = std::tanh(sum);
  }
  for (size_t i = 0; i < kOut; ++i) {
    double sum = 0;
    for (size_t k = 0; k < middle.size(); ++k) {
      sum += static_cast<double>(second_[i * kMiddle + k]) * middle[k];
    }
    // 20 products of at most 0.3, whose inputs err by 4e-7 (tanh) and 49 roundings of 0.09 x 48.
    EXPECT_NEAR(static_cast<double>(actual[i]), sum, 20 * 0.3 * (4e-7 + 49 * 0x1p-24 * 4.4));
  }
}

TEST_F(SentenceHeadTest, RefusesWhatDoesNotFit) {
  WriteConfig("3_Dense", kMiddle + 1, kOut, false, "linear.Identity");
  ExpectRefused(ErrorCode::kCorrupt, "in_features is 21, but the module before it gives 20");
  WriteConfig("3_Dense", kMiddle, kOut, true, "linear.Identity");
  ExpectRefused(ErrorCode::kCorrupt, "linear.bias is missing");
  WriteConfig("3_Dense", kMiddle, kOut + 1, false, "linear.Identity");
  ExpectRefused(ErrorCode::kCorrupt, "shape");
  WriteConfig("3_Dense", kMiddle, kOut, false, "activation.Mish");
  ExpectRefused(ErrorCode::kUnsupported, "activation.Mish");
  WriteConfig("3_Dense", kMiddle, 0, false, "linear.Identity");
  ExpectRefused(ErrorCode::kCorrupt, "found 20 and 0");
  std::filesystem::remove(folder_ / "3_Dense/config.json");
  ExpectRefused(ErrorCode::kNotFound, "3_Dense/config.json");
}

TEST_F(SentenceHeadTest, WithoutDenseModulesThereIsNone) {
  const TempFolder plain("tiny_bert");
  EXPECT_TRUE(Load(ModelFolder::Open(plain.path())).empty());
}

}  // namespace
}  // namespace vecmill

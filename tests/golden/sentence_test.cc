// What a sentence-transformers folder says around its network: Dense and LayerNorm modules,
// prompts, truncation, every pooling, static embeddings in the place of the network. The cases were
// written by tools/export_sentence_goldens.py; each is laid over the tiny BERT.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "base/mapped_file.h"
#include "vecmill/embedder.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

Json ReadJson(const fs::path& path) {
  return ParseJson(MappedFile(path.string()).text(), path.string());
}

EmbedderOptions ReadOptions(const Json& json) {
  EmbedderOptions options;
  for (const auto& [key, value] : json.object()) {
    if (key == "prompt") {
      options.prompt = value.string();
    } else if (key == "prompt_name") {
      options.prompt_name = value.string();
    } else if (key == "truncate_dim") {
      options.truncate_dim = value.integer();
    } else if (key == "normalize") {
      options.normalize = value.boolean();
    } else {
      ADD_FAILURE() << "unknown option " << key;
    }
  }
  return options;
}

class SentenceGolden : public testing::TestWithParam<const char*> {};

TEST_P(SentenceGolden, EqualsSentenceTransformers) {
  const fs::path case_folder = fs::path(VECMILL_GOLDEN) / "sentence" / GetParam();
  const fs::path folder = fs::path(testing::TempDir()) / ("sentence_" + std::string(GetParam()));
  fs::remove_all(folder);
  fs::copy(VECMILL_TINY_BERT, folder, fs::copy_options::recursive);
  fs::copy(case_folder, folder, fs::copy_options::recursive | fs::copy_options::overwrite_existing);

  const Json golden = ReadJson(case_folder / "case.json");
  const Json texts = ReadJson(fs::path(VECMILL_GOLDEN) / "sentence/texts.json");
  std::vector<TextRow> rows;
  for (const Json& text : texts.array()) rows.emplace_back(text.string());
  const auto embedder = Embedder::Load(folder.string(), ReadOptions(*golden.Find("options")));
  const std::vector<float> actual = embedder->Embed(rows).columns[0].values;

  size_t i = 0;
  for (const Json& vector : golden.Find("vectors")->array()) {
    for (const Json& value : vector.array()) {
      ASSERT_LT(i, actual.size());
      // The tolerance of the tiny BERT's hidden states, MANIFEST.md. Pooling by the root of the
      // length, of 42 tokens here, widens it; that case is scaled to unit length.
      EXPECT_NEAR(static_cast<double>(actual[i]), value.number(), 3.3e-5) << "value " << i;
      ++i;
    }
  }
  EXPECT_EQ(i, actual.size());
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Cases, SentenceGolden,
                         testing::Values("dense", "two_dense", "poolings_and_norm",
                                         "cls_behind_prompt", "default_prompt", "prompt_not_pooled",
                                         "prompt_by_name", "prompt_given", "truncated",
                                         "truncated_then_scaled", "static", "model2vec",
                                         "scaled_truncated_scaled", "truncated_to_more"));

}  // namespace
}  // namespace vecmill

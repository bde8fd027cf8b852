// Texts through a folder of the Universal Sentence Encoder, and through one that is imported.
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "vecmill/embedder.h"
#include "vecmill/import.h"
#include "weights/model_fixture.h"

namespace vecmill {
namespace {

// As src/nets/use_test.cc, e = 16 * 5.89e-6; the vectors are then divided by their length, which is
// 0.37 at least and wrong by sqrt(24) e at most: (1 + sqrt(24)) e / 0.37 < 16 e.
constexpr double kTolerance = 16 * 16 * 5.89e-6;

struct Golden {
  std::string text;
  int64_t num_tokens = 0;
  std::vector<double> vector;  // of unit length
};

std::vector<Golden> ReadGoldens() {
  std::vector<Golden> goldens;
  std::ifstream file(VECMILL_GOLDEN "/use/goldens.jsonl");
  for (std::string line; std::getline(file, line);) {
    const Json json = ParseJson(line, "goldens.jsonl");
    if (json.Find("text")->is_null()) continue;
    Golden& golden = goldens.emplace_back();
    golden.text = json.GetString("text", "");
    golden.num_tokens = std::ssize(json.GetArray("ids", ""));
    double squares = 0;
    for (const Json& value : json.GetArray("vector", "")) {
      golden.vector.push_back(value.number());
      squares += value.number() * value.number();
    }
    EXPECT_GT(squares, 0.37 * 0.37);
    for (double& value : golden.vector) value /= std::sqrt(squares);
  }
  return goldens;
}

void ExpectGoldens(const std::string& folder) {
  const std::vector<Golden> goldens = ReadGoldens();
  ASSERT_GT(goldens.size(), 50U);
  std::vector<TextRow> rows;
  for (const Golden& golden : goldens) rows.emplace_back(golden.text);
  const Embeddings made = Embedder::Load(folder, {.num_threads = 2})->Embed(rows);
  for (size_t i = 0; i < goldens.size(); ++i) {
    EXPECT_EQ(made.accounts[i].num_tokens, goldens[i].num_tokens) << goldens[i].text;
    EXPECT_FALSE(made.accounts[i].truncated);
    const size_t dim = goldens[i].vector.size();
    for (size_t j = 0; j < dim; ++j) {
      EXPECT_NEAR(made.columns[0].values[i * dim + j], goldens[i].vector[j], kTolerance)
          << goldens[i].text;
    }
  }
}

TEST(UseTest, TextsGiveTheGoldens) { ExpectGoldens(VECMILL_MODELS "/tiny_use"); }

TEST(UseTest, AnImportedFolderGivesTheGoldens) {
  const TempFolder temp;
  const std::string folder = temp / "use";
  const ModelDescription model = ImportUse(VECMILL_TEST_DATA "/use_package", folder);
  EXPECT_EQ(model.path, folder);
  EXPECT_EQ(model.architecture, "universal-sentence-encoder");
  ExpectGoldens(folder);
  ExpectError(ErrorCode::kInvalidArgument, {"use: exists already"},
              [&] { ImportUse(VECMILL_TEST_DATA "/use_package", folder); });
}

TEST(UseTest, AFolderThatDoesNotLoadIsNotLeftBehind) {
  const TempFolder temp;
  std::filesystem::copy(VECMILL_TEST_DATA "/use_package", temp / "package");
  WriteBytes(temp / "package/sp.model", "no model");
  EXPECT_THROW(ImportUse(temp / "package", temp / "use"), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp.path()), {}), 1);
}

TEST(UseTest, ThereIsOneLayerAndOnePooling) {
  const auto load = [](const std::string& layers) {
    return Embedder::Load(VECMILL_MODELS "/tiny_use",
                          {.num_threads = 1, .columns = {{.name = "x", .layers = layers}}});
  };
  const std::vector<TextRow> rows = {"The quick fox"};
  const std::vector<float> expected = load("last")->Embed(rows).columns[0].values;
  EXPECT_EQ(expected.size(), 24U);
  for (const char* same : {"-1", "0", "last:mean_sqrt_len"}) {
    EXPECT_EQ(load(same)->Embed(rows).columns[0].values, expected) << same;
  }
  ExpectError(ErrorCode::kInvalidArgument, {"no such layer: this model has only 0, which is"},
              [&] { load("-2"); });
  for (const char* other : {"last:mean", "last:none", "last:mean_sqrt_len+max"}) {
    ExpectError(ErrorCode::kInvalidArgument, {other, "pools its tokens itself"},
                [&] { load(other); });
  }
}

TEST(UseTest, ARowOfManyTokensIsWholeAndTheSameInAnyBatch) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "brown fox " + std::to_string(i) + " ";
  const auto embedder = Embedder::Load(VECMILL_MODELS "/tiny_use", {.num_threads = 2});
  const std::vector<TextRow> alone = {text};
  const std::vector<TextRow> among = {"a", text, "fox", std::nullopt};
  const Embeddings one = embedder->Embed(alone);
  const Embeddings four = embedder->Embed(among);
  EXPECT_GT(one.accounts[0].num_tokens, 20000);
  EXPECT_FALSE(one.accounts[0].truncated);
  const std::vector<float>& values = four.columns[0].values;
  EXPECT_EQ(std::vector<float>(values.begin() + 24, values.begin() + 48), one.columns[0].values);
}

}  // namespace
}  // namespace vecmill

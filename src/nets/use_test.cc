#include "nets/use.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include "base/json.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// tests/golden/use/MANIFEST.md: sixteen times the largest difference of the script's f32 from its
// f64, which is 5.89e-6.
constexpr double kTolerance = 16 * 5.89e-6;

using Sequence = std::vector<int32_t>;
using Vector = std::vector<float>;

struct Golden {
  Sequence ids;
  std::vector<double> vector;
};

std::vector<Golden> ReadGoldens() {
  std::vector<Golden> goldens;
  std::ifstream file(VECMILL_TEST_DATA "/../golden/use/goldens.jsonl");
  for (std::string line; std::getline(file, line);) {
    const Json json = ParseJson(line, "goldens.jsonl");
    Golden& golden = goldens.emplace_back();
    for (const Json& id : json.GetArray("ids", "")) {
      golden.ids.push_back(static_cast<int32_t>(id.integer()));
    }
    for (const Json& value : json.GetArray("vector", "")) golden.vector.push_back(value.number());
  }
  return goldens;
}

std::unique_ptr<const Network> LoadTiny() {
  const ModelFolder folder = ModelFolder::Open(VECMILL_TEST_DATA "/models/tiny_use");
  PrivateArrays store;
  return Network::Load(folder, Checkpoint::Open(folder.transformer_folder), store);
}

// The vectors of one batch.
std::vector<Vector> Forward(const Network& network, const std::vector<Sequence>& sequences,
                            Network::Workspace& workspace) {
  PackedBatch batch{.ids = {}, .offsets = {0}};
  for (const Sequence& sequence : sequences) {
    batch.ids.insert(batch.ids.end(), sequence.begin(), sequence.end());
    batch.offsets.push_back(batch.num_tokens());
  }
  StageSeconds seconds;
  const float* states = network.Forward(batch, 0, workspace, seconds);
  std::vector<Vector> vectors;
  for (size_t i = 0; i < sequences.size(); ++i) {
    vectors.emplace_back(states, states + network.hidden());
    states += network.hidden();
  }
  return vectors;
}

bool SameBits(const Vector& a, const Vector& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<Sequence> RandomSequences(int64_t vocab) {
  std::mt19937 random(5);
  std::vector<Sequence> sequences;
  for (size_t size : {1U, 2U, 3U, 4U, 5U, 9U, 40U, 300U, 511U, 512U, 513U, 1100U}) {
    for (int i = 0; i < 4; ++i) {
      Sequence& sequence = sequences.emplace_back(size);
      for (int32_t& id : sequence) {
        id = static_cast<int32_t>(random() % static_cast<uint64_t>(vocab));
      }
    }
  }
  return sequences;
}

TEST(UniversalSentenceEncoderTest, EqualsTheGoldens) {
  const auto network = LoadTiny();
  EXPECT_TRUE(network->pools_tokens());
  EXPECT_EQ(network->num_layers(), 0);
  EXPECT_EQ(network->hidden(), 24);
  Network::Workspace workspace;
  const std::vector<Golden> goldens = ReadGoldens();
  ASSERT_GT(goldens.size(), 50U);
  double largest = 0;
  for (const Golden& golden : goldens) {
    const Vector vector = Forward(*network, {golden.ids}, workspace).front();
    ASSERT_EQ(vector.size(), golden.vector.size());
    for (size_t j = 0; j < vector.size(); ++j) {
      const double difference = std::abs(static_cast<double>(vector[j]) - golden.vector[j]);
      EXPECT_LE(difference, kTolerance) << golden.ids.size() << " tokens, value " << j;
      largest = std::max(largest, difference);
    }
  }
  RecordProperty("largest_difference", std::to_string(largest));
}

TEST(UniversalSentenceEncoderTest, ARowHasTheSameBitsInAnyBatchAndOrder) {
  const auto network = LoadTiny();
  Network::Workspace workspace;
  std::vector<Sequence> sequences = RandomSequences(network->vocab());
  std::vector<Vector> alone;
  for (const Sequence& sequence : sequences) {
    alone.push_back(Forward(*network, {sequence}, workspace).front());
  }
  std::vector<size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937 random(6);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Sequence> shuffled;
    for (size_t i : order) shuffled.push_back(sequences[i]);
    const std::vector<Vector> together = Forward(*network, shuffled, workspace);
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_TRUE(SameBits(together[i], alone[order[i]])) << shuffled[i].size() << " tokens";
    }
  }
}

// What a network has seen before fills its table of tokens; threads fill it together.
TEST(UniversalSentenceEncoderTest, ARowHasTheSameBitsWhateverCameBefore) {
  const auto used = LoadTiny();
  const std::vector<Sequence> sequences = RandomSequences(used->vocab());
  std::vector<std::vector<Vector>> found(3);
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      Network::Workspace workspace;
      mine = Forward(*used, sequences, workspace);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto fresh = LoadTiny();
    Network::Workspace workspace;
    const Vector expected = Forward(*fresh, {sequences[i]}, workspace).front();
    for (const auto& mine : found) EXPECT_TRUE(SameBits(mine[i], expected)) << i;
  }
}

TEST(UniversalSentenceEncoderTest, CountsItsArithmetic) {
  const auto network = LoadTiny();
  EXPECT_EQ(network->FlopPerToken(0), 2.0 * 16 * 16 * (2 + 3 + 5));
  EXPECT_EQ(network->FlopPerRow(), 2.0 * (24 * (88 + 1) + 20 * 24 + 20 * 44 + 24 * 20 + 24 * 44));
  EXPECT_GT(network->weight_bytes(), 702 * 40);
}

TEST(UniversalSentenceEncoderTest, AnIdBeyondTheVocabularyIsABug) {
  const auto network = LoadTiny();
  Network::Workspace workspace;
  EXPECT_THROW(Forward(*network, {{702}}, workspace), Error);
  EXPECT_THROW(Forward(*network, {{}}, workspace), Error);
}

}  // namespace
}  // namespace vecmill

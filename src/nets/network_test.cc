#include "nets/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "vecmill/error.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

// A tiny random model of each family.
struct TinyModel {
  const char* name;
  // tests/golden/MANIFEST.md and FAMILIES.md: sixteen times the largest difference of the
  // reference's f32 from its f64.
  double tolerance;
  int64_t max_positions;
};

void PrintTo(const TinyModel& model, std::ostream* out) { *out << model.name; }

using Sequence = std::vector<int32_t>;

PackedBatch Pack(const std::vector<Sequence>& sequences) {
  PackedBatch batch;
  batch.offsets.push_back(0);
  for (const Sequence& sequence : sequences) {
    batch.ids.insert(batch.ids.end(), sequence.begin(), sequence.end());
    batch.offsets.push_back(batch.num_tokens());
  }
  return batch;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<float> Values(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.num_elements()));
  tensor.CopyF32(values.data());
  return values;
}

class NetworkTest : public testing::TestWithParam<TinyModel> {
 protected:
  NetworkTest() {
    const ModelFolder folder =
        ModelFolder::Open(std::string(VECMILL_TEST_DATA "/models/") + GetParam().name);
    PrivateArrays store;
    network_ = Network::Load(folder, Checkpoint::Open(folder.transformer_folder), store);
  }

  // Hidden states of each sequence of a batch, of the last layer.
  std::vector<std::vector<float>> HiddenStates(const std::vector<Sequence>& sequences,
                                               Network::Workspace& workspace) const {
    const PackedBatch batch = Pack(sequences);
    StageSeconds seconds;
    const float* hidden = network_->Forward(batch, network_->num_layers(), workspace, seconds);
    std::vector<std::vector<float>> states;
    for (size_t i = 0; i < sequences.size(); ++i) {
      states.emplace_back(hidden + batch.offsets[i] * network_->hidden(),
                          hidden + batch.offsets[i + 1] * network_->hidden());
    }
    return states;
  }

  // Sequences of 1 to as many tokens as there are positions, of all the words.
  std::vector<Sequence> RandomSequences(int count) const {
    std::mt19937 random(7);
    std::vector<Sequence> sequences;
    for (int i = 0; i < count; ++i) {
      Sequence& sequence =
          sequences.emplace_back(1 + random() % static_cast<uint64_t>(network_->max_positions()));
      for (int32_t& id : sequence) {
        id = static_cast<int32_t>(random() % static_cast<uint64_t>(network_->vocab()));
      }
    }
    return sequences;
  }

  std::unique_ptr<const Network> network_;
};

TEST_P(NetworkTest, EveryLayerEqualsTheGoldens) {
  const std::string path = std::string(VECMILL_TEST_DATA "/../golden/") + GetParam().name;
  const MappedFile file(path + ".json");
  const Json texts = ParseJson(file.text(), file.path());
  std::vector<Sequence> sequences;
  for (const Json& text : texts.array()) {
    Sequence& sequence = sequences.emplace_back();
    for (const Json& id : text.Find("ids")->array()) {
      sequence.push_back(static_cast<int32_t>(id.integer()));
    }
  }
  std::map<std::string, std::vector<float>> goldens;
  for (const Tensor& tensor : ReadSafetensors(path + ".safetensors")) {
    goldens[tensor.name] = Values(tensor);
  }

  const PackedBatch batch = Pack(sequences);
  Network::Workspace workspace;
  StageSeconds seconds;
  int64_t num_layers = 0;
  double largest = 0.0;
  const auto compare = [&](int64_t layer, ConstMatrix hidden) {
    EXPECT_EQ(layer, num_layers++);
    ASSERT_EQ(hidden.rows, batch.num_tokens());
    ASSERT_EQ(hidden.cols, network_->hidden());
    for (size_t i = 0; i < sequences.size(); ++i) {
      const std::vector<float>& expected =
          goldens.at(std::to_string(i) + ".hidden." + std::to_string(layer));
      ASSERT_EQ(expected.size(), sequences[i].size() * static_cast<size_t>(hidden.cols));
      const float* actual = hidden.Row(batch.offsets[i]);
      for (size_t j = 0; j < expected.size(); ++j) {
        const double difference =
            std::abs(static_cast<double>(actual[j]) - static_cast<double>(expected[j]));
        EXPECT_LE(difference, GetParam().tolerance)
            << "layer " << layer << " of text " << i << ", number " << j;
        largest = std::max(largest, difference);
      }
    }
  };
  network_->Forward(batch, network_->num_layers(), workspace, seconds, compare);
  EXPECT_EQ(num_layers, network_->num_layers() + 1);
  RecordProperty("largest_difference", Json(largest).Dump());
}

TEST_P(NetworkTest, SequenceHasTheSameBitsAloneAndInAnyBatch) {
  const std::vector<Sequence> sequences = RandomSequences(40);
  Network::Workspace workspace;
  const auto together = HiddenStates(sequences, workspace);
  for (size_t i = 0; i < sequences.size(); ++i) {
    Network::Workspace fresh;
    EXPECT_TRUE(SameBits(HiddenStates({sequences[i]}, fresh)[0], together[i])) << i;
  }

  std::vector<size_t> order(sequences.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::mt19937 random(11);
  for (size_t batch_size : {2U, 3U, 17U}) {
    std::shuffle(order.begin(), order.end(), random);
    for (size_t begin = 0; begin < order.size(); begin += batch_size) {
      const size_t end = std::min(begin + batch_size, order.size());
      std::vector<Sequence> batch;
      for (size_t i = begin; i < end; ++i) batch.push_back(sequences[order[i]]);
      batch.push_back(batch[0]);  // a duplicate, in another place
      const auto states = HiddenStates(batch, workspace);
      for (size_t i = begin; i < end; ++i) {
        EXPECT_TRUE(SameBits(states[i - begin], together[order[i]])) << order[i];
      }
      EXPECT_TRUE(SameBits(states.back(), states[0])) << order[begin];
    }
  }
}

TEST_P(NetworkTest, StopsAfterTheLastLayerAskedFor) {
  const PackedBatch batch = Pack(RandomSequences(5));
  Network::Workspace workspace;
  StageSeconds seconds;
  const auto copy = [&](const float* hidden) {
    return std::vector<float>(hidden, hidden + batch.num_tokens() * network_->hidden());
  };
  std::vector<std::vector<float>> layers;
  network_->Forward(batch, network_->num_layers(), workspace, seconds,
                    [&](int64_t, ConstMatrix hidden) { layers.push_back(copy(hidden.data)); });
  for (int64_t last = 0; last <= network_->num_layers(); ++last) {
    int64_t seen = 0;
    const float* hidden =
        network_->Forward(batch, last, workspace, seconds,
                          [&](int64_t layer, ConstMatrix) { EXPECT_EQ(layer, seen++); });
    EXPECT_EQ(seen, last + 1);
    EXPECT_TRUE(SameBits(copy(hidden), layers[static_cast<size_t>(last)])) << last;
  }
  EXPECT_THROW(network_->Forward(batch, -1, workspace, seconds), Error);
  EXPECT_THROW(network_->Forward(batch, network_->num_layers() + 1, workspace, seconds), Error);
}

TEST_P(NetworkTest, EmptyBatchHasNoStates) {
  Network::Workspace workspace;
  EXPECT_TRUE(HiddenStates({}, workspace).empty());
}

TEST_P(NetworkTest, RefusesWhatItsTablesDoNotHold) {
  Network::Workspace workspace;
  EXPECT_EQ(network_->max_positions(), GetParam().max_positions);
  const auto vocab = static_cast<int32_t>(network_->vocab());
  const auto length = static_cast<size_t>(network_->max_positions());
  HiddenStates({Sequence(length, vocab - 1)}, workspace);
  EXPECT_THROW(HiddenStates({Sequence(length + 1, 5)}, workspace), Error);
  EXPECT_THROW(HiddenStates({Sequence{vocab}}, workspace), Error);
  EXPECT_THROW(HiddenStates({Sequence{-1}}, workspace), Error);
  EXPECT_THROW(HiddenStates({Sequence()}, workspace), Error);
}

INSTANTIATE_TEST_SUITE_P(
    Families, NetworkTest,
    testing::Values(TinyModel{"tiny_bert", 3.3e-5, 64}, TinyModel{"tiny_albert", 1.8e-5, 40},
                    TinyModel{"tiny_distilbert", 1.9e-5, 40}, TinyModel{"tiny_electra", 3.1e-5, 40},
                    TinyModel{"tiny_modernbert", 8.7e-5, 40},
                    TinyModel{"tiny_nomic_bert", 3.8e-5, 40}, TinyModel{"tiny_mpnet", 2.8e-5, 38},
                    TinyModel{"tiny_roberta", 2.6e-5, 38},
                    TinyModel{"tiny_xlm-roberta", 2.8e-5, 38}),
    [](const auto& test) {
      std::string name = test.param.name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

std::unique_ptr<const Network> LoadTinyBert() {
  const ModelFolder folder = ModelFolder::Open(VECMILL_TEST_DATA "/models/tiny_bert");
  PrivateArrays store;
  return Network::Load(folder, Checkpoint::Open(folder.transformer_folder), store);
}

TEST(EncoderTest, CountsStagesFlopAndBytes) {
  const auto bert = LoadTinyBert();
  Network::Workspace workspace;
  StageSeconds seconds;
  bert->Forward(Pack({Sequence(50, 3)}), bert->num_layers(), workspace, seconds);
  for (double stage : {seconds.embed_lookup, seconds.qkv, seconds.attention,
                       seconds.attention_output, seconds.ffn_up, seconds.ffn_down}) {
    EXPECT_GT(stage, 0.0);
  }
  EXPECT_EQ(seconds.tokenize, 0.0);
  EXPECT_EQ(bert->hidden(), 48);
  EXPECT_EQ(bert->FlopPerToken(3), 3 * 2.0 * (4 * 48 * 48 + 2 * 48 * 80));
  EXPECT_EQ(bert->FlopPerToken(1), 2.0 * (4 * 48 * 48 + 2 * 48 * 80));
  EXPECT_EQ(bert->FlopPerToken(0), 0.0);
  EXPECT_GE(bert->weight_bytes(), 4 * (302 * 48 + 64 * 48 + 3 * (4 * 48 * 48 + 2 * 48 * 80)));
}

}  // namespace
}  // namespace vecmill

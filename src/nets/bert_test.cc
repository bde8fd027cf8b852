#include "nets/bert.h"

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
#include "weights/checkpoint.h"
#include "weights/model_folder.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

const std::string kTinyBert = VECMILL_TEST_DATA "/models/tiny_bert";
const std::string kGolden = VECMILL_TEST_DATA "/../golden/tiny_bert";

// tests/golden/MANIFEST.md: sixteen times the largest difference of the reference's f32 from its
// f64.
constexpr double kGoldenTolerance = 3.3e-5;

Bert LoadBert(const std::string& path) {
  const ModelFolder folder = ModelFolder::Open(path);
  const Checkpoint checkpoint = Checkpoint::Open(folder.transformer_folder);
  return {folder.config, FindBertTensors(checkpoint, folder.config)};
}

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

// Final hidden states of each sequence of a batch.
std::vector<std::vector<float>> HiddenStates(const Bert& bert,
                                             const std::vector<Sequence>& sequences,
                                             Bert::Workspace& workspace) {
  const PackedBatch batch = Pack(sequences);
  StageSeconds seconds;
  const float* hidden = bert.Forward(batch, workspace, seconds);
  std::vector<std::vector<float>> states;
  for (size_t i = 0; i < sequences.size(); ++i) {
    states.emplace_back(hidden + batch.offsets[i] * bert.hidden(),
                        hidden + batch.offsets[i + 1] * bert.hidden());
  }
  return states;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Sequences of 1 to 64 tokens, the tiny model's longest, of its 302 words.
std::vector<Sequence> RandomSequences(int count) {
  std::mt19937 random(7);
  std::vector<Sequence> sequences;
  for (int i = 0; i < count; ++i) {
    Sequence& sequence = sequences.emplace_back(1 + random() % 64);
    for (int32_t& id : sequence) id = static_cast<int32_t>(random() % 302);
  }
  return sequences;
}

TEST(BertTest, EveryLayerEqualsTheGoldens) {
  const Bert bert = LoadBert(kTinyBert);
  const MappedFile file(kGolden + ".json");
  const Json texts = ParseJson(file.text(), file.path());
  std::vector<Sequence> sequences;
  for (const Json& text : texts.array()) {
    Sequence& sequence = sequences.emplace_back();
    for (const Json& id : text.Find("ids")->array()) {
      sequence.push_back(static_cast<int32_t>(id.integer()));
    }
  }
  std::map<std::string, Tensor> goldens;
  for (Tensor& tensor : ReadSafetensors(kGolden + ".safetensors")) goldens[tensor.name] = tensor;

  const PackedBatch batch = Pack(sequences);
  Bert::Workspace workspace;
  StageSeconds seconds;
  int64_t num_layers = 0;
  bert.Forward(batch, workspace, seconds, [&](int64_t layer, ConstMatrix hidden) {
    EXPECT_EQ(layer, num_layers++);
    ASSERT_EQ(hidden.rows, batch.num_tokens());
    ASSERT_EQ(hidden.cols, bert.hidden());
    for (size_t i = 0; i < sequences.size(); ++i) {
      const Tensor& golden = goldens.at(std::to_string(i) + ".hidden." + std::to_string(layer));
      std::vector<float> expected(static_cast<size_t>(golden.num_elements()));
      golden.CopyF32(expected.data());
      ASSERT_EQ(expected.size(), sequences[i].size() * static_cast<size_t>(hidden.cols));
      const float* actual = hidden.Row(batch.offsets[i]);
      double largest = 0.0;
      for (size_t j = 0; j < expected.size(); ++j) {
        largest = std::max(
            largest, std::abs(static_cast<double>(actual[j]) - static_cast<double>(expected[j])));
      }
      EXPECT_LE(largest, kGoldenTolerance) << "layer " << layer << " of text " << i;
    }
  });
  EXPECT_EQ(num_layers, 4);
}

TEST(BertTest, SequenceHasTheSameBitsAloneAndInAnyBatch) {
  const Bert bert = LoadBert(kTinyBert);
  const std::vector<Sequence> sequences = RandomSequences(40);
  Bert::Workspace workspace;
  const auto together = HiddenStates(bert, sequences, workspace);
  for (size_t i = 0; i < sequences.size(); ++i) {
    Bert::Workspace fresh;
    EXPECT_TRUE(SameBits(HiddenStates(bert, {sequences[i]}, fresh)[0], together[i])) << i;
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
      const auto states = HiddenStates(bert, batch, workspace);
      for (size_t i = begin; i < end; ++i) {
        EXPECT_TRUE(SameBits(states[i - begin], together[order[i]])) << order[i];
      }
      EXPECT_TRUE(SameBits(states.back(), states[0])) << order[begin];
    }
  }
}

TEST(BertTest, CountsStagesFlopAndBytes) {
  const Bert bert = LoadBert(kTinyBert);
  Bert::Workspace workspace;
  StageSeconds seconds;
  bert.Forward(Pack(RandomSequences(8)), workspace, seconds);
  for (double stage : {seconds.embed_lookup, seconds.qkv, seconds.attention,
                       seconds.attention_output, seconds.ffn_up, seconds.ffn_down}) {
    EXPECT_GT(stage, 0.0);
  }
  EXPECT_EQ(seconds.tokenize, 0.0);
  EXPECT_EQ(bert.hidden(), 48);
  EXPECT_EQ(bert.flop_per_token(), 3 * 2.0 * (4 * 48 * 48 + 2 * 48 * 80));
  EXPECT_GE(bert.weight_bytes(), 4 * (302 * 48 + 64 * 48 + 3 * (4 * 48 * 48 + 2 * 48 * 80)));
}

TEST(BertTest, EmptyBatchHasNoStates) {
  const Bert bert = LoadBert(kTinyBert);
  Bert::Workspace workspace;
  EXPECT_TRUE(HiddenStates(bert, {}, workspace).empty());
}

TEST(BertTest, RefusesWhatItsTablesDoNotHold) {
  const Bert bert = LoadBert(kTinyBert);
  Bert::Workspace workspace;
  EXPECT_THROW(HiddenStates(bert, {Sequence{302}}, workspace), Error);
  EXPECT_THROW(HiddenStates(bert, {Sequence{-1}}, workspace), Error);
  EXPECT_THROW(HiddenStates(bert, {Sequence(65, 5)}, workspace), Error);
  EXPECT_THROW(HiddenStates(bert, {Sequence()}, workspace), Error);
}

}  // namespace
}  // namespace vecmill

// Damage every small file of a model folder in every place: the folder must be refused with an
// Error that is not kInternal, or load as if nothing had happened.
#include <array>
#include <optional>

#include "weights/checkpoint.h"
#include "weights/encoder_tensors.h"
#include "weights/model_fixture.h"
#include "weights/model_folder.h"

namespace vecmill {
namespace {

constexpr char kWeights[] = "model.safetensors";

// All that loading a folder gives: what the JSON files say, and every number of every tensor.
struct Loaded {
  NetworkConfig config;
  Poolings poolings;
  bool normalize = false;
  int64_t max_seq_length = 0;
  std::vector<float> weights;

  bool operator==(const Loaded&) const = default;
};

void Append(const Tensor& tensor, std::vector<float>& weights) {
  const size_t begin = weights.size();
  weights.resize(begin + static_cast<size_t>(tensor.num_elements()));
  tensor.CopyF32(weights.data() + begin);
}

void Append(const LinearTensors& linear, std::vector<float>& weights) {
  Append(linear.weight, weights);
  Append(linear.bias, weights);
}

void Append(const LayerNormTensors& norm, std::vector<float>& weights) {
  Append(norm.gamma, weights);
  Append(norm.beta, weights);
}

// The weights of the folder alone.
std::vector<float> LoadWeights(const std::string& folder, const NetworkConfig& config) {
  std::vector<float> weights;
  const EncoderTensors encoder = FindEncoderTensors(Checkpoint::Open(folder), config);
  Append(encoder.word_embeddings, weights);
  Append(encoder.position_embeddings, weights);
  Append(encoder.token_type_embeddings, weights);
  Append(encoder.embedding_norm, weights);
  for (const EncoderLayerTensors& layer : encoder.layers) {
    for (const LinearTensors& linear : {layer.query, layer.key, layer.value, layer.attention_output,
                                        layer.ffn_up, layer.ffn_down}) {
      Append(linear, weights);
    }
    Append(layer.attention_norm, weights);
    Append(layer.ffn_norm, weights);
  }
  return weights;
}

Loaded Load(const std::string& path) {
  const ModelFolder folder = ModelFolder::Open(path);
  return {folder.config, folder.poolings, folder.normalize, folder.max_seq_length,
          LoadWeights(folder.transformer_folder, folder.config)};
}

class CorruptionTest : public testing::Test {
 protected:
  // What load() gives now; nullopt if it was refused as it should be.
  template <typename Load>
  static auto Try(Load load) -> std::optional<decltype(load())> {
    try {
      return load();
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
      return std::nullopt;
    }
  }

  std::optional<Loaded> TryLoad() const {
    return Try([&] { return Load(folder_.path()); });
  }
  std::optional<std::vector<float>> TryLoadWeights() const {
    return Try([&] { return LoadWeights(folder_.path(), valid_.config); });
  }

  // Call visit(length) with the file cut to every shorter length.
  template <typename Visit>
  void ForEachTruncation(const std::string& name, Visit visit) const {
    const std::string whole = ReadBytes(folder_ / name);
    for (size_t length = whole.size(); length-- > 0;) {
      std::filesystem::resize_file(folder_ / name, length);
      visit(length);
    }
    WriteBytes(folder_ / name, whole);
  }

  // Call visit(place) with each of the first `num_bytes` bytes changed in each of four ways.
  template <typename Visit>
  void ForEachFlip(const std::string& name, size_t num_bytes, Visit visit) const {
    const std::string whole = ReadBytes(folder_ / name);
    std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
    const auto put = [&](size_t place, int byte) {
      file.seekp(static_cast<std::streamoff>(place));
      ASSERT_TRUE(file.put(static_cast<char>(byte)).flush());
    };
    for (size_t i = 0; i < num_bytes; ++i) {
      const auto byte = static_cast<unsigned char>(whole[i]);
      for (const int flipped : {byte ^ 0x01, byte ^ 0x80, 0x00, 0xff}) {
        if (flipped == byte) continue;
        put(i, flipped);
        visit(i);
      }
      put(i, byte);
    }
  }

  static size_t HeaderBytes(const std::string& safetensors) {
    uint64_t length = 0;
    std::memcpy(&length, safetensors.data(), sizeof length);
    return sizeof length + length;
  }

  // Replace the single weight file by two shards and their index.
  void Shard() {
    const std::vector<Tensor> tensors =
        Checkpoint::Open(VECMILL_TEST_DATA "/models/micro_bert").tensors();
    const std::span<const Tensor> all(tensors);
    const std::array<std::span<const Tensor>, 2> halves = {all.first(all.size() / 2),
                                                           all.subspan(all.size() / 2)};
    Json::Object weight_map;
    for (size_t i = 0; i < halves.size(); ++i) {
      WriteBytes(folder_ / kShards[i], SafetensorsBytes(halves[i]));
      for (const Tensor& tensor : halves[i]) weight_map.emplace_back(tensor.name, kShards[i]);
    }
    WriteBytes(folder_ / kIndex, Json(Json::Object{{"weight_map", weight_map}}).Dump());
    std::filesystem::remove(folder_ / kWeights);
  }

  static constexpr const char* kShards[] = {"model-00001-of-00002.safetensors",
                                            "model-00002-of-00002.safetensors"};
  static constexpr char kIndex[] = "model.safetensors.index.json";

  const TempFolder folder_{"micro_bert"};
  const Loaded valid_ = Load(folder_.path());
};

TEST_F(CorruptionTest, TruncatedWeightsAreRefused) {
  ForEachTruncation(kWeights, [&](size_t length) {
    EXPECT_FALSE(TryLoadWeights().has_value()) << "cut to " << length << " bytes";
  });
  EXPECT_EQ(TryLoad(), valid_);
}

TEST_F(CorruptionTest, WeightsWithMoreBytesAreRefused) {
  const std::string whole = ReadBytes(folder_ / kWeights);
  for (const size_t more : {1, 4, 8, 4096}) {
    WriteBytes(folder_ / kWeights, whole + std::string(more, '\0'));
    EXPECT_FALSE(TryLoadWeights().has_value()) << more;
  }
}

TEST_F(CorruptionTest, FlippedHeaderBytesAreRefusedOrChangeNothing) {
  const size_t header_bytes = HeaderBytes(ReadBytes(folder_ / kWeights));
  int64_t refused = 0;
  ForEachFlip(kWeights, header_bytes, [&](size_t place) {
    const std::optional<std::vector<float>> weights = TryLoadWeights();
    refused += weights.has_value() ? 0 : 1;
    EXPECT_EQ(weights.value_or(valid_.weights), valid_.weights) << "byte " << place;
  });
  EXPECT_GT(refused, 3 * static_cast<int64_t>(header_bytes)) << "of 4 changes a byte";
  EXPECT_EQ(TryLoad(), valid_);
}

TEST_F(CorruptionTest, DamagedShardsAreRefusedOrChangeNothing) {
  Shard();
  ASSERT_EQ(TryLoad(), valid_);
  const auto refused_or_equal = [&](size_t place) {
    EXPECT_EQ(TryLoadWeights().value_or(valid_.weights), valid_.weights) << "byte " << place;
  };
  for (const char* name : {kIndex, kShards[0], kShards[1]}) {
    SCOPED_TRACE(name);
    ForEachTruncation(name, [&](size_t length) {
      EXPECT_FALSE(TryLoadWeights().has_value()) << "cut to " << length << " bytes";
    });
  }
  ForEachFlip(kIndex, ReadBytes(folder_ / kIndex).size(), refused_or_equal);
  ForEachFlip(kShards[1], HeaderBytes(ReadBytes(folder_ / kShards[1])), refused_or_equal);
  EXPECT_EQ(TryLoad(), valid_);
}

// A changed byte can make another valid setting of these files ("max_seq_length": 7 for 6), so the
// settings may differ; the weights may not.
TEST_F(CorruptionTest, DamagedSettingsNeverCrash) {
  for (const char* name :
       {"config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
        "tokenizer_config.json", "tokenizer.json"}) {
    SCOPED_TRACE(name);
    const size_t size = ReadBytes(folder_ / name).size();
    ForEachTruncation(name, [&](size_t length) {
      EXPECT_TRUE(!TryLoad().has_value() || length + 1 == size)
          << "cut to " << length << " bytes; only the last line end may lack";
    });
    ForEachFlip(name, size, [&](size_t place) {
      EXPECT_EQ(TryLoad().value_or(valid_).weights, valid_.weights) << "byte " << place;
    });
    EXPECT_EQ(TryLoad(), valid_);
  }
}

}  // namespace
}  // namespace vecmill

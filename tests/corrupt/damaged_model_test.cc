// A damaged model folder is refused with an Error that is not kInternal, or gives the vectors it
// gave before. src/weights/corruption_test.cc damages more places, below the tokenizer and the
// network.
#include <cmath>
#include <optional>

#include "vecmill/embedder.h"
#include "weights/checkpoint.h"
#include "weights/model_fixture.h"

namespace vecmill {
namespace {

constexpr char kWeights[] = "model.safetensors";

class DamagedModelTest : public testing::Test {
 protected:
  // Vectors of some rows; nullopt if the folder was refused as it should be.
  std::optional<std::vector<float>> TryEmbed() const {
    const std::vector<TextRow> rows = {"", "a", "abc cab [SEP] b?", "c b a c b a c b a",
                                       std::nullopt};
    try {
      const std::unique_ptr<Embedder> embedder =
          Embedder::Load(folder_.path(), {.num_threads = 1, .normalize = std::nullopt});
      return embedder->Embed(rows).columns[0].values;
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
      return std::nullopt;
    }
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

  // Call visit(place) with each of the first `num_bytes` bytes changed in two ways: one that often
  // gives another valid character, one that never gives ASCII.
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
      for (const int mask : {0x01, 0x80}) {
        put(i, byte ^ mask);
        visit(i);
      }
      put(i, byte);
    }
  }

  const TempFolder folder_{"micro_bert"};
  const std::vector<float> valid_ = TryEmbed().value();
};

TEST_F(DamagedModelTest, TruncatedWeightsAreRefused) {
  ForEachTruncation(kWeights, [&](size_t length) {
    EXPECT_FALSE(TryEmbed().has_value()) << "cut to " << length << " bytes";
  });
}

TEST_F(DamagedModelTest, FlippedHeaderBytesAreRefusedOrChangeNothing) {
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, ReadBytes(folder_ / kWeights).data(), sizeof header_bytes);
  ForEachFlip(kWeights, 8 + header_bytes, [&](size_t place) {
    EXPECT_EQ(TryEmbed().value_or(valid_), valid_) << "byte " << place;
  });
  EXPECT_EQ(TryEmbed(), valid_);
}

// Byte changes here can make other valid settings and vocabularies, so vectors may differ; all that
// is asked is an orderly refusal or vectors without NaN.
TEST_F(DamagedModelTest, DamagedSettingsAndTokenizersNeverCrash) {
  for (const char* name :
       {"config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
        "tokenizer_config.json", "tokenizer.json"}) {
    SCOPED_TRACE(name);
    const size_t size = ReadBytes(folder_ / name).size();
    ForEachTruncation(name, [&](size_t length) {
      EXPECT_TRUE(!TryEmbed().has_value() || length + 1 == size)
          << "cut to " << length << " bytes; only the last line end may lack";
    });
    ForEachFlip(name, size, [&](size_t place) {
      for (const float value : TryEmbed().value_or(valid_)) {
        ASSERT_TRUE(std::isfinite(value)) << "byte " << place;
      }
    });
    EXPECT_EQ(TryEmbed(), valid_);
  }
}

TEST_F(DamagedModelTest, ShardsGiveTheVectorsOfTheSingleFile) {
  const std::vector<Tensor> tensors =
      Checkpoint::Open(VECMILL_TEST_DATA "/models/micro_bert").tensors();
  const std::span<const Tensor> all(tensors);
  Json::Object weight_map;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string shard = "model-0000" + std::to_string(1 + i % 2) + "-of-00002.safetensors";
    weight_map.emplace_back(all[i].name, shard);
  }
  std::vector<Tensor> halves[2];
  for (size_t i = 0; i < all.size(); ++i) halves[i % 2].push_back(all[i]);
  WriteBytes(folder_ / "model-00001-of-00002.safetensors", SafetensorsBytes(halves[0]));
  WriteBytes(folder_ / "model-00002-of-00002.safetensors", SafetensorsBytes(halves[1]));
  WriteBytes(folder_ / "model.safetensors.index.json",
             Json(Json::Object{{"weight_map", weight_map}}).Dump());
  std::filesystem::remove(folder_ / kWeights);
  EXPECT_EQ(TryEmbed(), valid_);
}

}  // namespace
}  // namespace vecmill

#include "weights/checkpoint.h"

#include <filesystem>

#include "base/sha256.h"
#include "weights/model_fixture.h"

namespace vecmill {
namespace {

std::string Hash(const std::string& bytes) { return Sha256Hex(std::as_bytes(std::span(bytes))); }

constexpr char kShard1[] = "model-00001-of-00002.safetensors";
constexpr char kShard2[] = "model-00002-of-00002.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";

// micro_bert in two shards.
class ShardsTest : public testing::Test {
 protected:
  ShardsTest() : folder_("micro_bert"), whole_(Checkpoint::Open(folder_.path())) {
    const std::span<const Tensor> tensors(whole_.tensors());
    const size_t half = tensors.size() / 2;
    WriteBytes(folder_ / kShard1, SafetensorsBytes(tensors.first(half)));
    WriteBytes(folder_ / kShard2, SafetensorsBytes(tensors.subspan(half)));
    for (size_t i = 0; i < tensors.size(); ++i) {
      weight_map_.emplace_back(tensors[i].name, i < half ? kShard1 : kShard2);
      total_size_ += std::ssize(tensors[i].bytes);
    }
    std::filesystem::remove(folder_ / "model.safetensors");
    WriteIndex();
  }

  void WriteIndex() {
    const Json index(Json::Object{{"metadata", Json::Object{{"total_size", total_size_}}},
                                  {"weight_map", weight_map_}});
    WriteBytes(folder_ / kIndex, index.Dump());
  }

  void ExpectCorrupt(std::initializer_list<std::string_view> message) {
    WriteIndex();
    ExpectError(ErrorCode::kCorrupt, message, [&] { Checkpoint::Open(folder_.path()); });
  }

  TempFolder folder_;
  Checkpoint whole_;  // from the single file
  Json::Object weight_map_;
  int64_t total_size_ = 0;
};

TEST_F(ShardsTest, HoldTheTensorsOfTheSingleFile) {
  const Checkpoint shards = Checkpoint::Open(folder_.path());
  EXPECT_EQ(shards.path(), folder_ / kIndex);
  ASSERT_EQ(shards.tensors().size(), whole_.tensors().size());
  for (const Tensor& expected : whole_.tensors()) {
    const Tensor* found = shards.Find(expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->shape, expected.shape);
    EXPECT_TRUE(std::equal(found->bytes.begin(), found->bytes.end(), expected.bytes.begin(),
                           expected.bytes.end()));
  }
  EXPECT_EQ(shards.Find("nothing"), nullptr);
}

TEST_F(ShardsTest, HashIsThatOfTheShardsHashes) {
  EXPECT_EQ(Checkpoint::Open(folder_.path()).Sha256(),
            Hash(Hash(ReadBytes(folder_ / kShard1)) + Hash(ReadBytes(folder_ / kShard2))));
}

TEST_F(ShardsTest, RefusesShardNamesThatLeaveTheFolder) {
  for (const char* name :
       {"../model-00001-of-00002.safetensors", "/etc/passwd", "model.safetensors", "",
        "model-0001-of-00002.safetensors", "sub/model-00001-of-00002.safetensors",
        "model-00001-of-00002.safetensors/", "mo\\del-00001-of-00002.safetensors"}) {
    weight_map_[0].second = name;
    ExpectCorrupt({kIndex, weight_map_[0].first, "expected a file name like"});
  }
  weight_map_[0].second = 3;
  ExpectCorrupt({kIndex, "found 3"});
}

TEST_F(ShardsTest, RefusesTensorsInAnotherShardThanTheIndexSays) {
  weight_map_.front().second = kShard2;
  ExpectCorrupt({kShard1, weight_map_.front().first, kShard2});
}

TEST_F(ShardsTest, RefusesTensorsInTwoShards) {
  std::filesystem::copy_file(folder_ / kShard1, folder_ / kShard2,
                             std::filesystem::copy_options::overwrite_existing);
  ExpectCorrupt({kShard2, kShard1});
}

TEST_F(ShardsTest, RefusesAnIndexThatNamesMoreOrLessThanThereIs) {
  weight_map_.emplace_back("extra", kShard1);
  ExpectCorrupt({kIndex, "but the shards hold"});
  weight_map_.resize(weight_map_.size() - 2);
  ExpectCorrupt({"no shard"});
}

TEST_F(ShardsTest, RefusesAnotherTotalSize) {
  ++total_size_;
  ExpectCorrupt({kIndex, std::to_string(total_size_), std::to_string(total_size_ - 1)});
}

TEST_F(ShardsTest, NamesTheMissingShard) {
  std::filesystem::remove(folder_ / kShard2);
  ExpectError(ErrorCode::kNotFound, {kShard2}, [&] { Checkpoint::Open(folder_.path()); });
}

TEST_F(ShardsTest, RefusesABrokenIndex) {
  for (const char* text : {"", "[]", "3", "{}", R"({"weight_map":3})", R"({"weight_map":{})",
                           R"({"weight_map":{"a":"b","a":"b"}})"}) {
    WriteBytes(folder_ / kIndex, text);
    ExpectError(ErrorCode::kCorrupt, {kIndex}, [&] { Checkpoint::Open(folder_.path()); });
  }
}

TEST(CheckpointTest, HashIsThatOfTheFile) {
  const TempFolder folder("micro_bert");
  EXPECT_EQ(Checkpoint::Open(folder.path()).Sha256(),
            Hash(ReadBytes(folder / "model.safetensors")));
}

TEST(CheckpointTest, PrefersTheSingleFile) {
  const TempFolder folder("micro_bert");
  WriteBytes(folder / kIndex, "not even JSON");
  EXPECT_EQ(Checkpoint::Open(folder.path()).path(), folder / "model.safetensors");
}

TEST(CheckpointTest, SaysHowToConvertOtherFormats) {
  for (const char* name : {"pytorch_model.bin", "model.pt", "model.ckpt", "tf_model.h5",
                           "flax_model.msgpack", "model.onnx"}) {
    const TempFolder folder;
    WriteBytes(folder / name, "\x80\x02}q");
    ExpectError(ErrorCode::kUnsupported,
                {name, "safetensors", "save_pretrained", "safe_serialization=True"},
                [&] { Checkpoint::Open(folder.path()); });
  }
}

TEST(CheckpointTest, NamesWhatIsMissing) {
  const TempFolder folder;
  ExpectError(ErrorCode::kNotFound, {folder.path(), "model.safetensors"},
              [&] { Checkpoint::Open(folder.path()); });
}

}  // namespace
}  // namespace vecmill

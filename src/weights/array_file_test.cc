#include "weights/array_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "weights/model_fixture.h"

namespace vecmill {
namespace {

constexpr char kKey[] = R"({"weights":"a \"key\" with quotes"})";

// What a small network might take.
struct Arrays {
  explicit Arrays(ArrayStore& store)
      : floats(store.Take<float>("floats", 17,
                                 [](float* values) {
                                   for (int i = 0; i < 17; ++i) values[i] = static_cast<float>(i);
                                 })),
        bytes(store.Take<uint8_t>("bytes", 3, [](uint8_t* values) { std::fill_n(values, 3, 9); })) {
  }

  ConstArray<float> floats;
  ConstArray<uint8_t> bytes;
};

class ArrayFileTest : public testing::Test {
 protected:
  ArrayFileTest() {
    PrivateArrays store;
    const Arrays arrays(store);
    WriteArrayFile(path_, kKey, store.arrays());
    content_ = ReadBytes(path_);
  }

  // False if the file was refused as it should be.
  bool TryRead() const {
    try {
      MappedArrays store(path_, kKey);
      const Arrays arrays(store);
      for (int64_t i = 0; i < 17; ++i) EXPECT_EQ(arrays.floats[i], static_cast<float>(i));
      for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(arrays.bytes[i], 9);
      return store.exhausted();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << error.what();
      return false;
    }
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "arrays";
  std::string content_;
};

TEST_F(ArrayFileTest, ArraysComeBackAlignedAndOutliveStoreAndFile) {
  std::optional<Arrays> arrays;
  {
    MappedArrays store(path_, kKey);
    arrays.emplace(store);
    EXPECT_TRUE(store.exhausted());
  }
  std::filesystem::remove(path_);
  EXPECT_EQ(arrays->floats.size(), 17);
  EXPECT_EQ(arrays->floats[16], 16.0f);
  EXPECT_EQ(arrays->bytes[2], 9);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arrays->floats.data()) % 64, 0U);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arrays->bytes.data()) % 64, 0U);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(ArrayFileTest, EveryTruncationIsRefused) {
  for (size_t length = content_.size(); length-- > 0;) {
    std::filesystem::resize_file(path_, length);
    EXPECT_FALSE(TryRead()) << "cut to " << length << " bytes";
  }
  WriteBytes(path_, content_ + '\0');
  EXPECT_FALSE(TryRead());
}

// Only what fills up to an array's place may change: the arrays are those that were written.
TEST_F(ArrayFileTest, EveryFlippedByteIsRefusedOrChangesNothing) {
  const size_t header_end = content_.find("]]}") + 3;
  const size_t floats = (header_end + 63) / 64 * 64;
  const size_t bytes = floats + 128;
  ASSERT_EQ(content_.size(), bytes + 3);
  for (size_t i = 0; i < content_.size(); ++i) {
    const bool is_padding = (i >= header_end && i < floats) || (i >= floats + 68 && i < bytes);
    for (const int mask : {0x01, 0x20, 0x80}) {
      std::string changed = content_;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      WriteBytes(path_, changed);
      EXPECT_EQ(TryRead(), is_padding) << "byte " << i;
    }
  }
}

TEST_F(ArrayFileTest, AnotherKeyIsRefused) {
  ExpectError(ErrorCode::kCorrupt, {path_, "something else"},
              [&] { MappedArrays(path_, std::string(kKey) + " "); });
}

TEST_F(ArrayFileTest, OtherArraysThanWereWrittenAreRefused) {
  const auto fill = [](float*) { FAIL(); };
  const auto take = [&](const std::string& name, int64_t size) {
    MappedArrays(path_, kKey).Take<float>(name, size, fill);
  };
  take("floats", 17);
  ExpectError(ErrorCode::kCorrupt, {"'floats' of 68", "'floats' of 64"},
              [&] { take("floats", 16); });
  ExpectError(ErrorCode::kCorrupt, {"'floats'", "'doubles'"}, [&] { take("doubles", 17); });
  MappedArrays store(path_, kKey);
  const Arrays all(store);
  ExpectError(ErrorCode::kCorrupt, {"no array 'more'"},
              [&] { store.Take<float>("more", 1, fill); });
}

TEST_F(ArrayFileTest, AFileThatOthersMayWriteToIsRefused) {
  using std::filesystem::perms;
  for (const perms writers : {perms::group_write, perms::others_write}) {
    std::filesystem::permissions(path_, perms::owner_all | writers);
    EXPECT_FALSE(TryRead());
  }
  std::filesystem::permissions(path_, perms::owner_read);
  EXPECT_TRUE(TryRead());
}

// A file with this header, whose lengths and checksum are right.
std::string FileOf(const std::string& header) {
  const uint64_t prefix[] = {header.size(), Checksum64(std::as_bytes(std::span(header))),
                             32 + header.size()};
  std::string content = "vmarray1";
  content.append(reinterpret_cast<const char*>(prefix), sizeof prefix);
  return content + header;
}

TEST_F(ArrayFileTest, HeadersThatNoVecmillWritesAreRefused) {
  const std::string key = R"({"key":)" + Json(std::string(kKey)).Dump();
  for (const char* rest :
       {R"(})", R"(,"arrays":{}})", R"(,"arrays":[3]})", R"(,"arrays":[["floats",68]]})",
        R"(,"arrays":[[3,68,"0"]]})", R"(,"arrays":[["floats","68","0"]]})",
        R"(,"arrays":[["floats",68,0]]})", R"(,"arrays":[["floats",68,"0"]]})",
        R"(,"arrays":[["floats",-68,"0"]]})", R"(,"arrays":[["floats",9223372036854775807,"0"]]})",
        R"(,"arrays":[["x",-9223372036854775807,"0"],["floats",9223372036854775807,"0"]]})"}) {
    WriteBytes(path_, FileOf(key + rest));
    EXPECT_FALSE(TryRead()) << rest;
  }
  WriteBytes(path_, FileOf("[]"));
  EXPECT_FALSE(TryRead());
  WriteBytes(path_, FileOf(""));
  EXPECT_FALSE(TryRead());
}

}  // namespace
}  // namespace vecmill

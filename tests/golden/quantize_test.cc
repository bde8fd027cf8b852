// Vectors in other types than float32 have the bytes that sentence-transformers gives them. The
// golden was written by tools/export_quantize_goldens.py.
#include <gtest/gtest.h>

#include <cstring>

#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/quantizer.h"

namespace vecmill {
namespace {

class QuantizeGolden : public testing::Test {
 protected:
  QuantizeGolden() {
    const std::string path = std::string(VECMILL_GOLDEN) + "/quantize.json";
    golden_ = ParseJson(MappedFile(path).text(), path);
    for (const Json& vector : golden_.Find("vectors")->array()) vectors_.push_back(Floats(vector));
    dim_ = std::ssize(vectors_.front());
    for (int64_t i = 0; i < golden_.Find("calibration_rows")->integer(); ++i) {
      ranges_.Add(vectors_[static_cast<size_t>(i)].data(), dim_);
    }
  }

  static std::vector<float> Floats(const Json& array) {
    std::vector<float> floats;
    for (const Json& value : array.array()) floats.push_back(static_cast<float>(value.number()));
    return floats;
  }

  // Every vector, its values read as T, is that of the golden.
  template <typename T>
  void ExpectEqual(Dtype dtype) {
    const Json::Array& expected = golden_.Find(DtypeName(dtype))->array();
    const Quantizer quantizer(dtype, dim_, ranges_);
    ASSERT_EQ(expected.size(), vectors_.size());
    for (size_t row = 0; row < vectors_.size(); ++row) {
      std::vector<uint8_t> bytes(static_cast<size_t>(quantizer.num_bytes()));
      quantizer.Quantize(vectors_[row].data(), bytes.data());
      std::vector<T> values(bytes.size() / sizeof(T));
      std::memcpy(values.data(), bytes.data(), bytes.size());
      std::vector<T> wanted;
      for (const Json& value : expected[row].array()) {
        wanted.push_back(static_cast<T>(value.integer()));
      }
      EXPECT_EQ(values, wanted) << "row " << row;
    }
  }

  Json golden_;
  std::vector<std::vector<float>> vectors_;
  int64_t dim_ = 0;
  ValueRanges ranges_;
};

TEST_F(QuantizeGolden, Ranges) {
  EXPECT_EQ(ranges_.min, Floats(golden_.Find("ranges")->array()[0]));
  EXPECT_EQ(ranges_.max, Floats(golden_.Find("ranges")->array()[1]));
}

TEST_F(QuantizeGolden, Float16) { ExpectEqual<uint16_t>(Dtype::kFloat16); }
TEST_F(QuantizeGolden, Int8) { ExpectEqual<int8_t>(Dtype::kInt8); }
TEST_F(QuantizeGolden, Uint8) { ExpectEqual<uint8_t>(Dtype::kUint8); }
TEST_F(QuantizeGolden, Binary) { ExpectEqual<int8_t>(Dtype::kBinary); }
TEST_F(QuantizeGolden, Ubinary) { ExpectEqual<uint8_t>(Dtype::kUbinary); }

}  // namespace
}  // namespace vecmill

#include "weights/tensor.h"

#include <cmath>
#include <limits>

#include "weights/model_fixture.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

// A tensor of 2-byte elements that holds every bit pattern, 0 to 65535.
class AllHalves {
 public:
  explicit AllHalves(const std::string& dtype) {
    const std::string path = folder_ / "halves.safetensors";
    std::string data;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      data += static_cast<char>(bits & 0xff);
      data += static_cast<char>(bits >> 8);
    }
    WriteBytes(path, SafetensorsBytes(R"({"t":{"dtype":")" + dtype +
                                          R"(","shape":[65536],"data_offsets":[0,131072]}})",
                                      data));
    tensor_ = ReadSafetensors(path).front();
  }

  // The value of one bit pattern.
  float Read(uint32_t bits) const {
    Tensor one = tensor_;
    one.shape = {1};
    one.bytes = one.bytes.subspan(2 * bits, 2);
    float value = 0;
    one.CopyF32(&value);
    return value;
  }

 private:
  TempFolder folder_;
  Tensor tensor_;
};

// Value of a binary floating-point pattern, from the definition in IEEE 754.
double ValueOf(uint32_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const double fraction = bits & ((1u << fraction_bits) - 1);
  const double sign = (bits >> (exponent_bits + fraction_bits)) & 1 ? -1.0 : 1.0;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(1 + std::ldexp(fraction, -fraction_bits), exponent - bias);
}

TEST(TensorTest, ReadsEveryFiniteF16AndBF16Exactly) {
  for (const bool is_f16 : {true, false}) {
    const int exponent_bits = is_f16 ? 5 : 8;
    const int fraction_bits = is_f16 ? 10 : 7;
    const uint32_t special = ((1u << exponent_bits) - 1) << fraction_bits;
    const AllHalves halves(is_f16 ? "F16" : "BF16");
    for (uint32_t bits = 0; bits < 65536; ++bits) {
      if ((bits & special) == special) continue;
      const float value = halves.Read(bits);
      ASSERT_EQ(static_cast<double>(value), ValueOf(bits, exponent_bits, fraction_bits)) << bits;
      ASSERT_EQ(std::signbit(value), bits >= 0x8000) << bits;
    }
    const uint32_t infinity = special;
    const uint32_t nan = special | 1;
    ExpectError(ErrorCode::kCorrupt, {"tensor \"t\"", "element 0 of 1 is infinite"},
                [&] { halves.Read(infinity); });
    ExpectError(ErrorCode::kCorrupt, {"tensor \"t\"", "NaN"}, [&] { halves.Read(nan); });
  }
}

TEST(TensorTest, ReadsUnalignedF32) {
  const TempFolder folder;
  const std::vector<float> values = {1.5f, -0.0f, std::numeric_limits<float>::denorm_min(), 3e38f};
  const std::string data(reinterpret_cast<const char*>(values.data()), 16);
  for (const std::string spaces : {"", " ", "  ", "   "}) {
    const std::string path = folder / "t.safetensors";
    WriteBytes(path,
               SafetensorsBytes(
                   R"({"t":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})" + spaces, data));
    std::vector<float> read(4, -1.0f);
    ReadSafetensors(path).front().CopyF32(read.data());
    EXPECT_EQ(read, values);
    EXPECT_TRUE(std::signbit(read[1]));
  }
}

TEST(TensorTest, NamesTheFirstNaN) {
  const TempFolder folder;
  const std::string path = folder / "t.safetensors";
  std::vector<float> values(10000, 1.0f);
  values[9001] = std::numeric_limits<float>::quiet_NaN();
  values[9002] = std::numeric_limits<float>::infinity();
  WriteBytes(path,
             SafetensorsBytes(R"({"t":{"dtype":"F32","shape":[10000],"data_offsets":[0,40000]}})",
                              {reinterpret_cast<const char*>(values.data()), 40000}));
  ExpectError(ErrorCode::kCorrupt, {path, "tensor \"t\"", "element 9001 of 10000 is NaN"},
              [&] { ReadSafetensors(path).front().CopyF32(values.data()); });
}

TEST(TensorTest, RefusesOtherDtypesOnlyWhenRead) {
  const TempFolder folder;
  const std::string path = folder / "t.safetensors";
  for (const std::string dtype : {"I64", "F64", "SOMETHING_NEW"}) {
    WriteBytes(path, SafetensorsBytes(
                         R"({"t":{"dtype":")" + dtype + R"(","shape":[1],"data_offsets":[0,8]}})",
                         "12345678"));
    const std::vector<Tensor> tensors = ReadSafetensors(path);
    ASSERT_EQ(tensors.size(), 1u);
    float value = 0;
    ExpectError(ErrorCode::kUnsupported, {path, "tensor \"t\"", dtype, "F32, F16 and BF16"},
                [&] { tensors[0].CopyF32(&value); });
  }
}

}  // namespace
}  // namespace vecmill

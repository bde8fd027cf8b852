#include "weights/npy.h"

#include <gtest/gtest.h>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

using std::string_literals::operator""s;

std::string Npy(const std::string& header, const std::string& data) {
  const auto length = static_cast<char>(header.size());
  return "\x93NUMPY\x01\x00"s + length + '\0' + header + data;
}

NpyArray Read(const std::string& file) { return ReadNpy(file, "a.npy"); }

TEST(Npy, ReadsNumbersAsNumpyWritesThem) {
  const NpyArray array =
      Read(Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }      \n", "abcdef"));
  EXPECT_EQ(array.dtype, "|u1");
  EXPECT_EQ(array.shape, std::vector<int64_t>({2, 3}));
  EXPECT_EQ(array.bytes, "abcdef");
  EXPECT_EQ(Read(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "abcd")).shape,
            std::vector<int64_t>({1}));
  EXPECT_TRUE(
      Read(Npy("{'shape': (), 'fortran_order': False, 'descr': '<f8'}", "abcdefgh")).shape.empty());
  EXPECT_EQ(Read(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }", "")).bytes, "");
}

TEST(Npy, ReadsTheLongHeaderOfVersionTwo) {
  const std::string header = "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }";
  const std::string file =
      "\x93NUMPY\x02\x00"s + static_cast<char>(header.size()) + "\0\0\0"s + header + "ab";
  EXPECT_EQ(Read(file).bytes, "ab");
}

TEST(Npy, RefusesPickledObjectsAndOtherDtypes) {
  const auto header = [](const std::string& dtype, const std::string& order = "False") {
    return Npy("{'descr': " + dtype + ", 'fortran_order': " + order + ", 'shape': (1,), }",
               "abcdefgh");
  };
  ExpectError(ErrorCode::kUnsupported, {"a.npy: is an array of Python objects", "run code"},
              [&] { Read(header("'|O'")); });
  ExpectError(ErrorCode::kUnsupported, {"a.npy: is of dtype \">f4\"; this build reads"},
              [&] { Read(header("'>f4'")); });
  ExpectError(ErrorCode::kUnsupported, {"a.npy: is an array of records"},
              [&] { Read(header("[('a', '<f4')]")); });
  ExpectError(ErrorCode::kUnsupported, {"column by column"},
              [&] { Read(header("'<f8'", "True")); });
}

TEST(Npy, NamesWhatIsWrong) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const auto expect_corrupt = [](const std::string& file, std::string_view message) {
    ExpectError(ErrorCode::kCorrupt, {"a.npy: ", message}, [&] { Read(file); });
  };
  expect_corrupt("", "is no array of numpy's");
  expect_corrupt("PK\x03\x04 and more", "is no array of numpy's");
  expect_corrupt("\x93NUMPY\x07\x00"s, "is of version 7");
  expect_corrupt("\x93NUMPY\x01\x00\x05"s, "ends before its header");
  expect_corrupt(Npy(good, "").substr(0, 30), "ends in its header");
  expect_corrupt(Npy(good, "abcdefg"), "found 7 bytes of data, expected 8 for shape [2] of <f4");
  expect_corrupt(Npy(good, "abcdefghi"), "found 9 bytes of data, expected 8");
  expect_corrupt(Npy("{'descr': '<f4', 'fortran_order': False, }", ""), "expected descr");
  expect_corrupt(Npy("{'descr': '<f4', 'descr': '<f4', }", ""), "found key \"descr\"");
  expect_corrupt(Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", ""),
                 "expected a size");
  expect_corrupt(
      Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9,9,9,9,9,9,9,9,9), }", ""),
      "more than 8 dimensions");
  expect_corrupt(
      Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9000000000, 9000000000), }", ""),
      "expected more than there can be");
  expect_corrupt(Npy("{'descr': '<f4' 'shape': (2,)}", ""), "expected ','");
  expect_corrupt(Npy("{'descr': '<f4", ""), "a string does not end");
  expect_corrupt(Npy(good + "x", "abcdefgh"), "found more behind the header");
  expect_corrupt(Npy("os.system('x')", ""), "expected '{'");
}

}  // namespace
}  // namespace vecmill

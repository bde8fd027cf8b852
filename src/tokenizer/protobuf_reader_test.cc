#include "tokenizer/protobuf_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using std::string_literals::operator""s;

TEST(ProtobufReader, GivesFieldsInTheirOrder) {
  const std::string message = "\x08\x96\x01\x12\x03xyz\x1D\x01\x02\x03\x04\xF8\x07\x01"s;
  ProtobufReader reader(message, "message");
  auto field = reader.Next();
  EXPECT_EQ(field->number, 1);
  EXPECT_EQ(field->integer, 150U);
  field = reader.Next();
  EXPECT_EQ(field->number, 2);
  EXPECT_EQ(field->bytes, "xyz");
  field = reader.Next();
  EXPECT_EQ(field->number, 3);
  EXPECT_EQ(field->bytes, "\x01\x02\x03\x04");
  field = reader.Next();
  EXPECT_EQ(field->number, 127);
  EXPECT_EQ(field->integer, 1U);
  EXPECT_FALSE(reader.Next());
}

TEST(ProtobufReader, NamesTheByteOfWhatIsWrong) {
  const auto complaint = [](const std::string& message) -> std::string {
    try {
      ProtobufReader reader(message, "FILE");
      while (reader.Next()) {
      }
      return "read";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kCorrupt);
      return e.what();
    }
  };
  EXPECT_EQ(complaint("\x08"), "FILE: byte 1: expected 1 bytes, found 0");
  EXPECT_EQ(complaint("\x12\x04xyz"), "FILE: byte 2: expected 4 bytes, found 3");
  EXPECT_EQ(complaint("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
            "FILE: byte 11: expected 18446744073709551615 bytes, found 0");
  EXPECT_EQ(complaint("\x08" + std::string(10, '\xFF')),
            "FILE: byte 11: found a number of more than 64 bits");
  EXPECT_EQ(complaint("\x02x"), "FILE: byte 1: found field 0");
  EXPECT_EQ(complaint("\x0B"), "FILE: byte 1: found wire type 3");
}

}  // namespace
}  // namespace vecmill

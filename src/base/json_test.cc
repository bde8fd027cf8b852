#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

std::string MessageOf(std::string_view text, const JsonLimits& limits = {}) {
  try {
    ParseJson(text, "file.json", limits);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kCorrupt);
    return e.what();
  }
  return "accepted";
}

TEST(ParseJson, ReadsEveryKindOfValue) {
  Json json = ParseJson(
      R"( {"b": true, "n": null, "i": -7, "d": 0.5, "s": "t\u00e9\n", "a": [1, []]} )", "");
  EXPECT_TRUE(json.Find("b")->boolean());
  EXPECT_TRUE(json.Find("n")->is_null());
  EXPECT_EQ(json.Find("i")->integer(), -7);
  EXPECT_EQ(json.Find("i")->number(), -7.0);
  EXPECT_EQ(json.Find("d")->number(), 0.5);
  EXPECT_EQ(json.Find("s")->string(), "t\xC3\xA9\n");
  EXPECT_EQ(json.Find("a")->array().size(), 2u);
  EXPECT_EQ(json.Find("absent"), nullptr);
  EXPECT_EQ(json.Find("i")->Find("b"), nullptr);
  EXPECT_TRUE(ParseJson("{}", "").is_object());
}

TEST(ParseJson, KeepsTheOrderOfMembers) {
  Json json = ParseJson(R"({"z": 1, "a": 2, "m": 3})", "");
  ASSERT_EQ(json.object().size(), 3u);
  EXPECT_EQ(json.object()[0].first, "z");
  EXPECT_EQ(json.object()[1].first, "a");
  EXPECT_EQ(json.object()[2].first, "m");
}

TEST(ParseJson, IntegersThatDoNotFitBecomeDoubles) {
  EXPECT_EQ(ParseJson("9223372036854775807", "").integer(), INT64_MAX);
  EXPECT_EQ(ParseJson("-9223372036854775808", "").integer(), INT64_MIN);
  for (const char* text : {"9223372036854775808", "18446744073709551616", "-9223372036854775809"}) {
    Json json = ParseJson(text, "");
    EXPECT_FALSE(json.is_int()) << text;
    EXPECT_EQ(json.number(), std::stod(text));
  }
}

TEST(ParseJson, NamesTheFileAndTheByteOfASyntaxError) {
  EXPECT_EQ(MessageOf(""),
            "file.json: byte 0: syntax error while parsing value - unexpected end of input; "
            "expected '[', '{', or a literal");
  EXPECT_EQ(MessageOf(R"({"a": tru})"),
            "file.json: byte 9: syntax error while parsing value - invalid literal");
  EXPECT_EQ(MessageOf(R"({"a": 1)"),
            "file.json: byte 7: syntax error while parsing object - unexpected end of input; "
            "expected '}'");
}

TEST(ParseJson, RefusesWhatIsNotStrictJson) {
  for (const char* text :
       {"[1,]", "{'a': 1}", "{a: 1}", "[1 2]", "01", "+1", "1.", ".5", "NaN", "Infinity", "// c\n1",
        "\"tab\tinside\"", "\"\\x\"", "\"\\ud800\"", "{\"a\" 1}", "nul", "[", "]", "\"open"}) {
    EXPECT_EQ(MessageOf(text).substr(0, 16), "file.json: byte ") << text;
  }
}

TEST(ParseJson, RefusesNumbersBeyondDouble) {
  EXPECT_EQ(MessageOf("[1e400]"), "file.json: byte 5: number overflow parsing '1e400'");
}

TEST(ParseJson, RefusesAnythingAfterTheValue) {
  EXPECT_EQ(MessageOf("{} x").substr(0, 19), "file.json: byte 3: ");
  EXPECT_EQ(MessageOf("1 2").substr(0, 18), "file.json: byte 2:");
  EXPECT_EQ(MessageOf(std::string_view("{}\0{", 4)), "file.json: byte 2: a NUL byte");
}

TEST(ParseJson, RefusesInvalidUtf8) {
  for (const char* text :
       {"\"\x80\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xE2\x82\"", "\xFF"}) {
    EXPECT_EQ(MessageOf(text).substr(0, 16), "file.json: byte ");
  }
}

TEST(ParseJson, RefusesDuplicateKeys) {
  EXPECT_EQ(MessageOf(R"({"a": 1, "a": 2})"), "file.json: byte 11: the key \"a\" appears twice");
  EXPECT_EQ(MessageOf(R"({"a": 1, "\u0061": 2})").substr(0, 20), "file.json: byte 16: ");
  EXPECT_EQ(MessageOf(R"([{"a": 1}, {"a": {"a": 2}}])"), "accepted");
}

TEST(ParseJson, RefusesDeepNestingWithoutUsingTheStack) {
  JsonLimits limits{.max_depth = 3};
  EXPECT_EQ(MessageOf("[[[1]]]", limits), "accepted");
  EXPECT_EQ(MessageOf(R"([{"a": [[]]}])", limits),
            "file.json: byte 8: nested deeper than the 3 levels allowed");
  EXPECT_EQ(MessageOf(std::string(1'000'000, '[')),
            "file.json: byte 64: nested deeper than the 64 levels allowed");
}

TEST(ParseJson, RefusesLongText) {
  EXPECT_EQ(MessageOf("[1,2,3]", {.max_bytes = 6}),
            "file.json: 7 bytes of JSON, expected at most 6");
}

TEST(ParseJson, EveryTruncationOfADocumentIsRefused) {
  const std::string text =
      R"({"model": {"vocab": {"a": 0, "\u00e9": 1}}, "x": [true, -1.5e3, null]})";
  ASSERT_EQ(MessageOf(text), "accepted");
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(MessageOf(std::string_view(text).substr(0, size)), "accepted") << size;
  }
}

TEST(ParseJson, FlippedBytesGiveAValueOrAnError) {
  const std::string text = R"({"a": [1, 2.5, "x\n"], "b": {"c": null}})";
  for (size_t place = 0; place < text.size(); ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string flipped = text;
      flipped[place] = static_cast<char>(byte);
      std::string message = MessageOf(flipped);
      if (message == "accepted") {
        Json json = ParseJson(flipped, "");
        EXPECT_EQ(ParseJson(json.Dump(), "").Dump(), json.Dump());
      }
    }
  }
}

TEST(Json, WrongAccessIsOurBug) {
  try {
    Json("text").integer();
    FAIL() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInternal);
  }
}

const char kMembers[] =
    R"({"b": true, "i": 3, "d": 2.5, "s": "text", "n": null, "a": [1, 2], "o": {"x": 1}})";

TEST(Json, GettersReturnMembersOfTheirType) {
  const Json json = ParseJson(kMembers, "");
  EXPECT_TRUE(json.GetBool("b", "f"));
  EXPECT_EQ(json.GetInt("i", "f"), 3);
  EXPECT_EQ(json.GetNumber("i", "f"), 3.0);
  EXPECT_EQ(json.GetNumber("d", "f"), 2.5);
  EXPECT_EQ(json.GetString("s", "f"), "text");
  EXPECT_EQ(json.GetArray("a", "f").size(), 2u);
  EXPECT_EQ(json.GetObject("o", "f").GetInt("x", "f: o"), 1);
}

TEST(Json, GettersFallBackOnlyWhenTheMemberIsMissingOrNull) {
  const Json json = ParseJson(kMembers, "");
  EXPECT_EQ(json.GetInt("absent", "f", 9), 9);
  EXPECT_EQ(json.GetInt("n", "f", 9), 9);
  EXPECT_EQ(json.GetInt("i", "f", 9), 3);
  EXPECT_EQ(json.GetString("n", "f", "other"), "other");
  EXPECT_EQ(json.GetString("s", "f", "other"), "text");
  EXPECT_EQ(json.GetNumber("n", "f", 0.25), 0.25);
  EXPECT_TRUE(json.GetBool("n", "f", true));
  EXPECT_THROW(json.GetInt("s", "f", 9), Error);
}

template <typename Getter>
std::string RefusalOf(Getter getter) {
  try {
    getter(ParseJson(kMembers, ""));
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kCorrupt);
    return e.what();
  }
  return "accepted";
}

TEST(Json, GettersSayWhatWasFound) {
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetString("i", "f"); }),
            "f: i: expected a string, found 3");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetInt("s", "f"); }),
            "f: s: expected an integer, found \"text\"");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetInt("d", "f"); }),
            "f: d: expected an integer, found 2.5");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetBool("a", "f"); }),
            "f: a: expected true or false, found an array of 2");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetNumber("o", "f"); }),
            "f: o: expected a number, found an object of 1");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetArray("n", "f"); }),
            "f: n: expected an array, found null");
  EXPECT_EQ(RefusalOf([](const Json& j) { j.GetObject("absent", "f"); }),
            "f: absent: expected an object, found nothing");
}

TEST(Json, DescribesALongStringByItsLength) {
  EXPECT_EQ(Json(std::string(90, 'x')).Describe(), "a string of 90 bytes");
}

TEST(Json, DumpsCompactOrIndented) {
  const Json json = ParseJson(R"({"a":[1,2.0,"x"],"b":{},"c":[]})", "");
  EXPECT_EQ(json.Dump(), R"({"a":[1,2.0,"x"],"b":{},"c":[]})");
  EXPECT_EQ(json.Dump(2),
            "{\n  \"a\": [\n    1,\n    2.0,\n    \"x\"\n  ],\n  \"b\": {},\n  \"c\": []\n}");
}

TEST(Json, DumpsDoublesThatReadBackEqual) {
  for (double v : {0.1, 1e-300, 1e20, 100.0, -0.0, 5e-324, 1.7976931348623157e308, 1.0 / 3}) {
    Json back = ParseJson(Json(v).Dump(), "");
    EXPECT_FALSE(back.is_int()) << Json(v).Dump();
    EXPECT_EQ(back.number(), v);
    EXPECT_EQ(std::signbit(back.number()), std::signbit(v));
  }
  EXPECT_EQ(Json(0.1).Dump(), "0.1");
  EXPECT_EQ(Json(std::nan("")).Dump(), "null");
  EXPECT_EQ(Json(-std::numeric_limits<double>::infinity()).Dump(), "null");
}

TEST(Json, DumpsAnyBytesAsValidJson) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  Json object(Json::Object{});
  object.Set(bytes, bytes);
  Json back = ParseJson(object.Dump(), "");
  EXPECT_EQ(back.object()[0].first, ReplaceInvalidUtf8(bytes));
  EXPECT_EQ(back.object()[0].second.string(), ReplaceInvalidUtf8(bytes));
}

TEST(Json, RemoveTakesTheMemberOfThatName) {
  Json object = ParseJson(R"({"a": 1, "b": 2, "c": 3})", "");
  object.Remove("b");
  object.Remove("not there");
  EXPECT_EQ(object.Dump(), R"({"a":1,"c":3})");
}

}  // namespace
}  // namespace vecmill

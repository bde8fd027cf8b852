#include "base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <unordered_set>
#include <vector>

namespace vecmill {
namespace {

struct Case {
  std::string_view text;
  std::string_view replaced;
};

// Made with Python 3.11: text.decode("utf-8", errors="replace").encode().
constexpr Case kCases[] = {
    {"", ""},
    {"plain ASCII text", "plain ASCII text"},
    {"na\xc3\xafve \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
     "na\xc3\xafve \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80"},
    {"\x80", "\xef\xbf\xbd"},
    {"abcdefgh\xff", "abcdefgh\xef\xbf\xbd"},
    {"12345678\xe2\x82", "12345678\xef\xbf\xbd"},
    {"\xe2\x82"
     "A",
     "\xef\xbf\xbd"
     "A"},
    {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc1\xbf", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"\xf0\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf0\x9f\x98", "\xef\xbf\xbd"},
    {"\xf0\x9f\x98\xf0\x9f\x98\x80", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xe2\xe2\x82\xac", "\xef\xbf\xbd\xe2\x82\xac"},
    {"\xfe\xff", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"a\xf1\x80\x80\xe1\x80\xc2"
     "b\x80"
     "c\x80\xbf"
     "d",
     "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
     "b\xef\xbf\xbd"
     "c\xef\xbf\xbd\xef\xbf\xbd"
     "d"},
    {"\xef\xbf\xbd", "\xef\xbf\xbd"},
};

TEST(Utf8, ReplacesAsPythonDoes) {
  for (const Case& c : kCases) {
    EXPECT_EQ(ReplaceInvalidUtf8(c.text), c.replaced);
    EXPECT_EQ(IsValidUtf8(c.text), c.text == c.replaced) << c.replaced;
  }
}

std::string Encode(uint32_t code_point) {
  auto byte = [](uint32_t v) { return static_cast<char>(static_cast<unsigned char>(v)); };
  auto tail = [&](int shift) { return byte(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | (code_point >> 6)), tail(0)};
  if (code_point < 0x10000) return {byte(0xE0 | (code_point >> 12)), tail(6), tail(0)};
  return {byte(0xF0 | (code_point >> 18)), tail(12), tail(6), tail(0)};
}

// The definition itself: the encodings of all scalar values, and everything they begin with.
class SlowDecoder {
 public:
  SlowDecoder() {
    for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      std::string encoded = Encode(c);
      complete_.insert(Key(encoded));
      for (size_t n = 1; n <= encoded.size(); ++n) prefixes_.insert(Key(encoded.substr(0, n)));
    }
  }

  std::string Replace(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      size_t n = 1;
      while (n < text.size() && n < 4 && prefixes_.contains(Key(text.substr(0, n + 1)))) ++n;
      out += complete_.contains(Key(text.substr(0, n))) ? text.substr(0, n) : "\xEF\xBF\xBD";
      text.remove_prefix(n);
    }
    return out;
  }

 private:
  // At most four bytes, and their number.
  static uint64_t Key(std::string_view bytes) {
    uint64_t key = bytes.size();
    for (char c : bytes) key = key << 8 | static_cast<unsigned char>(c);
    return key;
  }

  std::unordered_set<uint64_t> complete_;
  std::unordered_set<uint64_t> prefixes_;
};

TEST(Utf8, AgreesWithTheDefinitionOnEverySequenceOfTheByteClasses) {
  const SlowDecoder slow;
  // The ends of every range of table 3-7, and what lies just outside.
  const std::vector<int> bytes = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                  0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                  0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  std::string text(4, '\0');
  for (int a : bytes) {
    text[0] = static_cast<char>(a);
    for (int b : bytes) {
      text[1] = static_cast<char>(b);
      for (int c : bytes) {
        text[2] = static_cast<char>(c);
        for (int d : bytes) {
          text[3] = static_cast<char>(d);
          std::string expected = slow.Replace(text);
          ASSERT_EQ(ReplaceInvalidUtf8(text), expected);
          ASSERT_EQ(IsValidUtf8(text), text == expected);
        }
      }
    }
  }
}

TEST(Utf8, AgreesWithTheDefinitionOnAllPairsOfBytes) {
  const SlowDecoder slow;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string text = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(ReplaceInvalidUtf8(text), slow.Replace(text)) << a << " " << b;
    }
  }
}

TEST(Utf8, FindsABadByteAtAnyPlaceInAsciiText) {
  for (size_t size = 1; size < 40; ++size) {
    for (size_t place = 0; place < size; ++place) {
      std::string text(size, 'x');
      EXPECT_TRUE(IsValidUtf8(text));
      text[place] = '\x80';
      EXPECT_FALSE(IsValidUtf8(text)) << place << " of " << size;
      std::string expected = text;
      expected.replace(place, 1, "\xEF\xBF\xBD");
      EXPECT_EQ(ReplaceInvalidUtf8(text), expected);
    }
  }
}

}  // namespace
}  // namespace vecmill

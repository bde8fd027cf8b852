#include "tokenizer/charsmap.h"

#include <gtest/gtest.h>

#include "tokenizer/precompiled_normalizer.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

std::string Uint32(uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

std::string Blob(const std::vector<uint32_t>& units, const std::string& results) {
  std::string blob = Uint32(static_cast<uint32_t>(4 * units.size()));
  for (uint32_t unit : units) blob += Uint32(unit);
  return blob + results;
}

// "a" becomes "b", "cd" becomes nothing, "cde" is hidden by that.
std::vector<uint32_t> Units() {
  std::vector<uint32_t> units(1024);
  auto inner = [&](uint32_t pos, uint32_t base, uint32_t label, bool leaf) {
    units[pos] = (pos ^ base) << 10 | (leaf ? 1u << 8 : 0u) | label;
  };
  inner(0, 256, 0, false);
  inner(256 ^ 'a', 512, 'a', true);
  units[512] = 1u << 31 | 0;
  inner(256 ^ 'c', 768, 'c', false);
  inner(768 ^ 'd', 513, 'd', true);
  units[513] = 1u << 31 | 2;
  inner(513 ^ 'e', 514, 'e', true);
  units[514] = 1u << 31 | 0;
  return units;
}

std::string Results() { return std::string("b\0\0\u00E9", 5); }

std::string Complaint(const std::string& blob) {
  try {
    Charsmap charsmap(blob, "FILE");
    return "loaded";
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ErrorCode::kInternal);
    return e.what();
  }
}

TEST(Charsmap, ShortestPrefixCounts) {
  Charsmap charsmap(Blob(Units(), Results()), "FILE");
  EXPECT_EQ(charsmap.Find("a"), "b");
  EXPECT_EQ(charsmap.Find("axyz"), "b");
  EXPECT_EQ(charsmap.Find("cd"), "");
  EXPECT_EQ(charsmap.Find("cde"), "");
  EXPECT_EQ(charsmap.Find("c"), std::nullopt);
  EXPECT_EQ(charsmap.Find("xa"), std::nullopt);
  EXPECT_EQ(charsmap.Find(std::string_view("\0a", 2)), std::nullopt);
  EXPECT_EQ(charsmap.Find(""), std::nullopt);
}

TEST(Charsmap, NamesWhatIsWrong) {
  EXPECT_EQ(Complaint(""),
            "FILE: found a trie of 0 bytes in 0, expected a multiple of 4 that fits");
  EXPECT_EQ(Complaint(Uint32(8) + Uint32(0)),
            "FILE: found a trie of 8 bytes in 8, expected a multiple of 4 that fits");
  EXPECT_EQ(Complaint(Uint32(0xFFFFFFFF)),
            "FILE: found a trie of 4294967295 bytes in 4, expected a multiple of 4 that fits");
  EXPECT_EQ(Complaint(Blob(Units(), "\xFF")), "FILE: results are not UTF-8");
  std::vector<uint32_t> units = Units();
  units[0] = 4096u << 10;
  EXPECT_EQ(Complaint(Blob(units, Results())), "FILE: unit 0 leads to 4096 of 1024");
  units = Units();
  units[512] = 1u << 31 | 6;
  EXPECT_EQ(Complaint(Blob(units, Results())), "FILE: unit 512 has a result at byte 6 of 5");
  units[512] = 1u << 31 | 4;
  EXPECT_EQ(Complaint(Blob(units, Results())), "FILE: unit 512 has a result at byte 4 of 5");
  EXPECT_EQ(Complaint(Blob(Units(), std::string(300, 'x'))),
            "FILE: unit 513 has a result of more than 256 bytes");
  EXPECT_EQ(Complaint(Blob(std::vector<uint32_t>((1 << 20) + 256), "")),
            "FILE: found a trie of 4195328 bytes, expected at most 4194304");
}

// A unit that leads back to the root makes keys without end; a search ends with its text.
TEST(Charsmap, CirclesEnd) {
  std::vector<uint32_t> units = Units();
  units[256 ^ 'z'] = ((256 ^ 'z') ^ 256) << 10 | 'z';
  Charsmap charsmap(Blob(units, Results()), "FILE");
  EXPECT_EQ(charsmap.Find(std::string(100'000, 'z') + "a"), "b");
  EXPECT_EQ(charsmap.Find(std::string(100'000, 'z')), std::nullopt);
}

TEST(Charsmap, EveryFlippedBitLoadsOrIsAnError) {
  const std::string blob = Blob(Units(), Results());
  for (size_t i = 0; i < 8 * blob.size(); ++i) {
    std::string changed = blob;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ 1 << i % 8);
    try {
      Charsmap charsmap(changed, "FILE");
      for (const char* text : {"a", "cde", "\u00E9", "zz"}) charsmap.Find(text);
    } catch (const Error& e) {
      ASSERT_NE(e.code(), ErrorCode::kInternal) << e.what();
    }
  }
}

std::string Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63];
    }
  }
  return text;
}

PrecompiledNormalizer MakeNormalizer(const std::string& base64) {
  return {Json(Json::Object{{"precompiled_charsmap", base64}}), "FILE"};
}

TEST(PrecompiledNormalizer, ShortClustersLoseWhatIsBehindThePrefix) {
  PrecompiledNormalizer normalizer = MakeNormalizer(Base64(Blob(Units(), Results())));
  std::string text;
  normalizer.Append("xaya\u0301z a\u0301\u0301\u0301 cd cde a", &text);
  EXPECT_EQ(text, "xbybz b\u0301\u0301\u0301 cd cde b");  // c and d are two clusters
}

TEST(PrecompiledNormalizer, NamesWhatIsNotBase64) {
  for (const char* text : {"AAA", "AA=A", "A\nAA", "AAAAA", "===="}) {
    EXPECT_THROW(MakeNormalizer(text), Error) << text;
  }
}

}  // namespace
}  // namespace vecmill

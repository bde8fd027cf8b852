#include "tokenizer/normalizer.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

NormalizerChain Chain(const std::string& json) {
  return NormalizerChain::FromJson(ParseJson(R"({"normalizer": )" + json + "}", "test"), "FILE");
}

std::string Normalize(const std::string& json, std::string_view text) {
  NormalizerChain::Scratch scratch;
  return std::string(Chain(json).Apply(text, &scratch));
}

std::string Complaint(const std::string& json) {
  try {
    Chain(json);
    return "loaded";
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ErrorCode::kInternal);
    return e.what();
  }
}

// The examples are answers of the wheel.
TEST(Normalizer, NullLeavesTheText) { EXPECT_EQ(Normalize("null", " A\u0301 "), " A\u0301 "); }

TEST(Normalizer, UnicodeForms) {
  const char* text = "\u1E9B\u0323 \uFB01 \uAC01 a\u0315\u0300\u05AEb \u0344 \u2126";
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", text),
            "\u1E9B\u0323 \uFB01 \uAC01 \u00E0\u05AE\u0315b \u0308\u0301 \u03A9");
  EXPECT_EQ(
      Normalize(R"({"type": "NFD"})", text),
      "\u017F\u0323\u0307 \uFB01 \u1100\u1161\u11A8 a\u05AE\u0300\u0315b \u0308\u0301 \u03A9");
  EXPECT_EQ(Normalize(R"({"type": "NFKC"})", text),
            "\u1E69 fi \uAC01 \u00E0\u05AE\u0315b \u0308\u0301 \u03A9");
  EXPECT_EQ(Normalize(R"({"type": "NFKD"})", text),
            "s\u0323\u0307 fi \u1100\u1161\u11A8 a\u05AE\u0300\u0315b \u0308\u0301 \u03A9");
}

TEST(Normalizer, CompositionStopsAtStartersAndEqualClasses) {
  const char* nfc = R"({"type": "NFC"})";
  EXPECT_EQ(Normalize(nfc, "\u0301a"), "\u0301a");
  EXPECT_EQ(Normalize(nfc, "a\u0327\u0328\u0301"), "\u00E1\u0327\u0328");
  EXPECT_EQ(Normalize(nfc, "\u1100\u1161\u11A8\u11A8"), "\uAC01\u11A8");
  EXPECT_EQ(Normalize(nfc, "\u1100\u0301\u1161"), "\u1100\u0301\u1161");
  EXPECT_EQ(Normalize(nfc, "\u09C7\u09BE"), "\u09CB");
  EXPECT_EQ(Normalize(nfc, "\u0958"), "\u0915\u093C");  // excluded from composition
  EXPECT_EQ(Normalize(nfc, "\U00011938"), "\U00011938");
}

TEST(Normalizer, SmallSteps) {
  EXPECT_EQ(Normalize(R"({"type": "Lowercase"})", "\u0391\u03A3 \u0130\u00C9"),
            "\u03B1\u03C3 i\u0307\u00E9");
  EXPECT_EQ(Normalize(R"({"type": "StripAccents"})", "e\u0301\u00E9\u0903\u20DD"), "e\u00E9");
  EXPECT_EQ(
      Normalize(R"({"type": "Strip", "strip_left": true, "strip_right": false})", "\t\u3000a "),
      "a ");
  EXPECT_EQ(
      Normalize(R"({"type": "Strip", "strip_left": false, "strip_right": true})", " a\u00A0\n"),
      " a");
  EXPECT_EQ(Normalize(R"({"type": "Strip", "strip_left": true, "strip_right": true})", "  \n"), "");
  EXPECT_EQ(Normalize(R"({"type": "Prepend", "prepend": "\u2581"})", "a"), "\u2581a");
  EXPECT_EQ(Normalize(R"({"type": "Prepend", "prepend": "\u2581"})", ""), "");
  EXPECT_EQ(
      Normalize(R"({"type": "Replace", "pattern": {"String": "aa"}, "content": "b"})", "aaaaa"),
      "bba");
  EXPECT_EQ(Normalize(R"({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "_"})",
                      "a b  c    d  "),
            "a b_c_d_");
}

TEST(Normalizer, SequencesAreTakenApart) {
  EXPECT_EQ(Normalize(R"({"type": "Sequence", "normalizers": [{"type": "NFD"},
                          {"type": "Sequence", "normalizers": [{"type": "StripAccents"}]},
                          {"type": "Lowercase"}]})",
                      "\u00C9cole"),
            "ecole");
}

TEST(Normalizer, BertIsOneStep) {
  const char* bert = R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                         "strip_accents": null, "lowercase": true})";
  std::string marks;
  for (int i = 0; i < 3000; ++i) marks += "\u302E";
  EXPECT_EQ(Normalize(bert, "\u00C9\t\u4E2D" + marks), "e  \u4E2D " + marks);
}

TEST(Normalizer, CutPlaces) {
  EXPECT_TRUE(Chain("null").keeps_cut_places());
  EXPECT_TRUE(Chain(R"({"type": "NFKC"})").keeps_cut_places());
  EXPECT_FALSE(Chain(R"({"type": "Prepend", "prepend": "x"})").keeps_cut_places());
  EXPECT_TRUE(Chain(R"({"type": "Replace", "pattern": {"String": "``"}, "content": "\""})")
                  .keeps_cut_places());
  EXPECT_FALSE(Chain(R"({"type": "Replace", "pattern": {"String": " "}, "content": "x"})")
                   .keeps_cut_places());
}

TEST(Normalizer, RefusesByName) {
  EXPECT_EQ(Complaint(R"({"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "})"),
            R"(FILE: normalizer: pattern: Regex: "\\s+" is not supported, only " {2,}")");
  EXPECT_EQ(
      Complaint(R"({"type": "Replace", "pattern": {"String": ""}, "content": " "})"),
      R"(FILE: normalizer: pattern: String: "" is not supported, only strings that are not empty)");
  EXPECT_EQ(Complaint(R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, 3]})"),
            "FILE: normalizer: normalizers[1]: expected an object, found 3");
  EXPECT_EQ(Complaint(R"({"type": "Sequence", "normalizers": {}})"),
            "FILE: normalizer: normalizers: expected an array, found an object of 0");
  EXPECT_EQ(Complaint(R"({"type": "Prepend", "prepend": ")" + std::string(257, 'x') + R"("})"),
            "FILE: normalizer: prepend: found 257 bytes, expected at most 256");
  std::string many = R"({"type": "Sequence", "normalizers": [{"type": "NFC"})";
  for (int i = 0; i < 64; ++i) many += R"(,{"type": "NFC"})";
  EXPECT_EQ(Complaint(many + "]}"), "FILE: normalizer: normalizers[64]: found more than 64 steps");
}

TEST(Normalizer, RefusesToGrowWithoutEnd) {
  std::string steps;
  for (int i = 0; i < 60; ++i) {
    steps += R"(,{"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaaaaaaaaaa"})";
  }
  NormalizerChain chain =
      Chain(R"({"type": "Sequence", "normalizers": [)" + steps.substr(1) + "]}");
  NormalizerChain::Scratch scratch;
  EXPECT_THROW(chain.Apply("aaaa", &scratch), Error);
}

TEST(Normalizer, LongRunsOfMarksTakeLinearTime) {
  std::string marks = "a";
  for (int i = 0; i < 500'000; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  std::string expected = "\u1EA1";
  for (int i = 1; i < 250'000; ++i) expected += "\u0323";
  for (int i = 0; i < 250'000; ++i) expected += "\u0301";
  EXPECT_EQ(Normalize(R"({"type": "NFC"})", marks), expected);
}

}  // namespace
}  // namespace vecmill

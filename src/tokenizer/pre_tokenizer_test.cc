#include "tokenizer/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "vecmill/error.h"

namespace vecmill {
namespace {

using Strings = std::vector<std::string>;

PreTokenizerChain Chain(const std::string& json) {
  return PreTokenizerChain::FromJson(ParseJson(R"({"pre_tokenizer": )" + json + "}", "test"),
                                     "FILE");
}

Strings Split(const std::string& json, std::string_view text, bool at_text_start = true) {
  PreTokenizerChain::Scratch scratch;
  PreTokenizerChain chain = Chain(json);
  const Words& words = chain.Apply(text, at_text_start, &scratch);
  Strings strings;
  for (int64_t i = 0; i < words.size(); ++i) strings.emplace_back(words[i]);
  return strings;
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

std::string SplitBy(const std::string& regex) {
  return R"({"type": "Split", "behavior": "Isolated", "invert": false, "pattern": )" +
         Json(Json::Object{{"Regex", regex}}).Dump() + "}";
}

const char* const kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// The examples are answers of the wheel.
TEST(PreTokenizer, NullIsOneWord) {
  EXPECT_EQ(Split("null", " a b"), (Strings{" a b"}));
  EXPECT_EQ(Split("null", ""), Strings());
}

TEST(PreTokenizer, Classes) {
  const char* text = " ab,\u00A012x..\u00BD ";
  EXPECT_EQ(Split(R"({"type": "WhitespaceSplit"})", text), (Strings{"ab,", "12x..\u00BD"}));
  EXPECT_EQ(Split(R"({"type": "Whitespace"})", text), (Strings{"ab", ",", "12x", "..\u00BD"}));
  EXPECT_EQ(Split(R"({"type": "BertPreTokenizer"})", text),
            (Strings{"ab", ",", "12x", ".", ".", "\u00BD"}));
  EXPECT_EQ(Split(R"({"type": "Punctuation"})", text),
            (Strings{" ab", ",", "\u00A012x", ".", ".", "\u00BD "}));
  EXPECT_EQ(Split(R"({"type": "Punctuation", "behavior": "Contiguous"})", text),
            (Strings{" ab", ",", "\u00A012x", "..", "\u00BD "}));
  EXPECT_EQ(Split(R"({"type": "Punctuation", "behavior": "Removed"})", text),
            (Strings{" ab", "\u00A012x", "\u00BD "}));
  EXPECT_EQ(Split(R"({"type": "Digits", "individual_digits": true})", text),
            (Strings{" ab,\u00A0", "1", "2", "x..", "\u00BD", " "}));
  EXPECT_EQ(Split(R"({"type": "Digits", "individual_digits": false})", text),
            (Strings{" ab,\u00A0", "12", "x..", "\u00BD", " "}));
}

TEST(PreTokenizer, Metaspace) {
  auto metaspace = [](const std::string& options) {
    return R"({"type": "Metaspace", "replacement": "\u2581")" + options + "}";
  };
  EXPECT_EQ(Split(metaspace(""), "a  b "), (Strings{"\u2581a", "\u2581", "\u2581b", "\u2581"}));
  EXPECT_EQ(Split(metaspace(""), " a"), (Strings{"\u2581a"}));
  EXPECT_EQ(Split(metaspace(""), "\u2581a"), (Strings{"\u2581a"}));
  EXPECT_EQ(Split(metaspace(R"(, "split": false)"), "a b"), (Strings{"\u2581a\u2581b"}));
  EXPECT_EQ(Split(metaspace(R"(, "prepend_scheme": "never")"), "a b"), (Strings{"a", "\u2581b"}));
  const std::string first = metaspace(R"(, "prepend_scheme": "first")");
  EXPECT_EQ(Split(first, "a b"), (Strings{"\u2581a", "\u2581b"}));
  EXPECT_EQ(Split(first, "a b", /*at_text_start=*/false), (Strings{"a", "\u2581b"}));
  const std::string words =
      R"({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, )";
  EXPECT_EQ(Split(words + metaspace("") + "]}", " a b"), (Strings{"\u2581a", "\u2581b"}));
  EXPECT_EQ(Split(words + first + "]}", "a b"), (Strings{"\u2581a", "b"}));
  EXPECT_EQ(Split(words + first + "]}", " a b"), (Strings{"a", "b"}));
}

TEST(PreTokenizer, ByteLevel) {
  const char* plain = R"({"type": "ByteLevel", "add_prefix_space": false})";
  EXPECT_EQ(Split(plain, "Hi  there, it's 42\u00BD \n\nok  "),
            (Strings{"Hi", "\u0120", "\u0120there", ",", "\u0120it", "'s", "\u012042\u00C2\u00BD",
                     "\u0120\u010A", "\u010A", "ok", "\u0120\u0120"}));
  EXPECT_EQ(Split(R"({"type": "ByteLevel", "add_prefix_space": true})", "\u00E9'LL"),
            (Strings{"\u0120\u00C3\u00A9", "'", "LL"}));
  EXPECT_EQ(
      Split(R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})", "a b\u007F"),
      (Strings{"a\u0120b\u0121"}));
}

TEST(PreTokenizer, SplitByKnownPatterns) {
  EXPECT_EQ(Split(SplitBy(kLlama3), "I'LL\tgo 12345 \u017F'\u017F !!\n\n  \n x   y  "),
            (Strings{"I", "'LL", "\tgo", " ", "123", "45", " \u017F", "'\u017F", " !!\n\n", "  \n",
                     " x", "  ", " y", "  "}));
  std::string qwen2 = kLlama3;
  qwen2.replace(qwen2.find("{1,3}"), 5, "");
  EXPECT_EQ(Split(SplitBy(qwen2), "a12"), (Strings{"a", "1", "2"}));
  EXPECT_EQ(
      Complaint(SplitBy(R"(\s)")),
      R"(FILE: pre_tokenizer: pattern: {"Regex":"\\s"} is not supported, only the regular expressions of GPT-2, Llama 3, Qwen 2)");
}

TEST(PreTokenizer, PatternsTakeLinearTime) {
  for (const char* unit : {"a", " ", "\n", ".", "1", "\u3000", " \n", "'"}) {
    std::string text;
    while (text.size() < 1 << 20) text += unit;
    for (const std::string& json :
         {SplitBy(kLlama3), std::string(R"({"type": "ByteLevel", "add_prefix_space": false})")}) {
      EXPECT_FALSE(Split(json, text + "x").empty());
    }
  }
}

TEST(PreTokenizer, CutPlaces) {
  auto cuts = [](const std::string& json) { return Chain(json).cuts_at_cut_places(); };
  const std::string level =
      R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": false})";
  auto sequence = [](const std::string& a, const std::string& b) {
    return R"({"type": "Sequence", "pretokenizers": [)" + a + "," + b + "]}";
  };
  const std::string digits = R"({"type": "Digits", "individual_digits": true})";
  EXPECT_FALSE(cuts("null"));
  EXPECT_FALSE(cuts(level));
  EXPECT_FALSE(cuts(digits));
  EXPECT_FALSE(cuts(sequence(level, SplitBy(kLlama3))));
  EXPECT_TRUE(cuts(sequence(SplitBy(kLlama3), level)));
  EXPECT_TRUE(cuts(sequence(digits, R"({"type": "WhitespaceSplit"})")));
}

TEST(PreTokenizer, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Complaint(R"({"type": "Metaspace", "replacement": "ab"})"),
            R"(FILE: pre_tokenizer: replacement: expected one character, found "ab")");
  EXPECT_EQ(
      Complaint(R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})"),
      R"(FILE: pre_tokenizer: prepend_scheme: "last" is not supported, only always, first, never)");
  EXPECT_EQ(Complaint(R"({"type": "Metaspace", "replacement": "_", "add_prefix_space": false})"),
            R"(FILE: pre_tokenizer: add_prefix_space is false, but prepend_scheme is "always")");
  EXPECT_EQ(
      Complaint(R"({"type": "Punctuation", "behavior": "MergedWithNext"})"),
      R"(FILE: pre_tokenizer: behavior: "MergedWithNext" is not supported, only Isolated, Contiguous, Removed)");
  EXPECT_EQ(
      Complaint(R"({"type": "Split", "behavior": "Removed", "pattern": {"String": " "}})"),
      R"(FILE: pre_tokenizer: behavior: "Removed" is not supported, only Isolated, Removed with invert)");
  EXPECT_EQ(Complaint(R"({"type": "Digits"})"),
            "FILE: pre_tokenizer: individual_digits: expected true or false, found nothing");
}

}  // namespace
}  // namespace vecmill

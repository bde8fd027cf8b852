#include <gtest/gtest.h>

#include "tokenizer/tokenizer.h"
#include "tokenizer/tokenizer_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// What loading `content` says, without the folder; "loaded" if nothing.
std::string Complaint(std::string_view content, ErrorCode expected) {
  TemporaryFile file(content);
  try {
    Tokenizer::Load(file.path());
    return "loaded";
  } catch (const Error& e) {
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(expected)) << e.what();
    return Replaced(e.what(), file.path(), "FILE");
  }
}

// The tiny file with one change.
std::string Changed(std::string_view from, std::string_view to) {
  EXPECT_NE(kTinyTokenizer.find(from), std::string_view::npos) << from;
  return Replaced(std::string(kTinyTokenizer), from, to);
}

TEST(TokenizerLoad, NamesWhatIsNotSupported) {
  struct Case {
    const char* from;
    const char* to;
    const char* message;
  };
  for (
      const Case& c : {
          Case{
              R"("type": "BertNormalizer")", R"("type": "Nmt")",
              R"(FILE: normalizer: type "Nmt" is not supported, only Sequence, BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled)"},
          Case{
              R"("type": "BertPreTokenizer")", R"("type": "UnicodeScripts")",
              R"(FILE: pre_tokenizer: type "UnicodeScripts" is not supported, only Sequence, BertPreTokenizer, ByteLevel, Digits, Metaspace, Punctuation, Split, Whitespace, WhitespaceSplit)"},
          Case{R"("type": "WordPiece")", R"("type": "WordLevel")",
               R"(FILE: model: type "WordLevel" is not supported, only BPE, Unigram, WordPiece)"},
          Case{
              R"("type": "TemplateProcessing")", R"("type": "PairProcessing")",
              R"(FILE: post_processor: type "PairProcessing" is not supported, only Sequence, BertProcessing, ByteLevel, RobertaProcessing, TemplateProcessing)"},
          Case{R"({"Sequence": {"id": "A")", R"({"Sequence": {"id": "B")",
               R"(FILE: post_processor: single: text "B" is not supported, only A)"},
          Case{R"("version": "1.0")", R"("version": "2.0")",
               R"(FILE: version: "2.0" is not supported, only "1.0")"},
          Case{R"("max_input_chars_per_word": 100)", R"("max_input_chars_per_word": 5000)",
               "FILE: model: max_input_chars_per_word: found 5000, expected 0 to 1024"},
          Case{R"("content": "New b")", R"("content": "\u0301")",
               "FILE: added_tokens[3]: content: \"\xCC\x81\" is empty when normalized; set "
               "\"normalized\" to false or remove it"},
          Case{R"("content": "New b")", R"("content": "x\u302e")",
               "FILE: added_tokens[3]: content: \"x\xE3\x80\xAE\" holds marks whose order depends "
               "on the text; set \"normalized\" to false or remove it"},
      }) {
    EXPECT_EQ(Complaint(Changed(c.from, c.to), ErrorCode::kUnsupported), c.message);
  }
}

TEST(TokenizerLoad, NamesWhatIsCorrupt) {
  struct Case {
    const char* from;
    const char* to;
    const char* message;
  };
  for (const Case& c : {
           Case{R"("lowercase": true)", R"("lowercase": 1)",
                "FILE: normalizer: lowercase: expected true or false, found 1"},
           Case{R"("vocab": {)", R"("vocab": [], "x": {)",
                "FILE: model: vocab: expected an object, found an array of 0"},
           Case{R"("vocab": {)", R"("vocab": {}, "x": {)",
                "FILE: model: vocab: expected tokens, found none"},
           Case{R"("a": 3)", R"("a": -1)",
                R"(FILE: model: vocab: "a": expected an id from 0 to 16777215, found -1)"},
           Case{R"("a": 3)", R"("a": 16777216)",
                R"(FILE: model: vocab: "a": expected an id from 0 to 16777215, found 16777216)"},
           Case{R"("a": 3)", R"("a": 3.0)",
                R"(FILE: model: vocab: "a": expected an id from 0 to 16777215, found 3.0)"},
           Case{R"("b": 5)", R"("b": 3)", R"(FILE: model: vocab: "a" and "b" both have id 3)"},
           Case{R"("unk_token": "[UNK]")", R"("unk_token": "?")",
                R"(FILE: model: unk_token: "?" is not in vocab)"},
           Case{R"("max_input_chars_per_word": 100,)", "",
                "FILE: model: max_input_chars_per_word: expected an integer, found nothing"},
           Case{
               R"("id": 9)", R"("id": 10)",
               "FILE: added_tokens[3]: id: found 10, expected 9, the next after the vocabulary and "
               "the tokens added before"},
           Case{R"("id": 2)", R"("id": 10)",
                "FILE: added_tokens[1]: id: found 10, expected 2, the id of that token in the "
                "vocabulary"},
           Case{R"(".": 7)", R"(".": 8)",
                "FILE: added_tokens[2]: id: 8 belongs to a token of the vocabulary"},
           Case{R"("content": "New b")", R"("content": "")",
                "FILE: added_tokens[3]: content: found 0 bytes, expected 1 to 1024"},
           Case{R"("lstrip": true)", R"("lstrip": "yes")",
                R"(FILE: added_tokens[2]: lstrip: expected true or false, found "yes")"},
           Case{R"("ids": [1])", R"("ids": [10])",
                "FILE: post_processor: special_tokens: [CLS]: ids: expected an id from 0 to 9, "
                "found 10"},
           Case{R"({"SpecialToken": {"id": "[CLS]")", R"({"SpecialToken": {"id": "[BOS]")",
                "FILE: post_processor: special_tokens: [BOS]: expected an object, found nothing"},
       }) {
    EXPECT_EQ(Complaint(Changed(c.from, c.to), ErrorCode::kCorrupt), c.message);
  }
  EXPECT_EQ(Complaint("[]", ErrorCode::kCorrupt), "FILE: expected an object, found an array of 0");
}

TEST(TokenizerLoad, RefusesTokensThatNormalizeToTheSame) {
  std::string twice = Changed(R"("normalized": true, "special": false})",
                              R"("normalized": true, "special": false},
         {"id": 10, "content": "NEW B", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false})");
  EXPECT_EQ(Complaint(twice, ErrorCode::kUnsupported),
            "FILE: added_tokens[4]: normalized content \"new b\" is that of added_tokens[3] too");
}

TEST(TokenizerLoad, ReadsOlderAndBarerFiles) {
  EXPECT_EQ(LoadText(Changed(R"("type": "WordPiece",)", ""))->vocab_size(), 10);
  EXPECT_EQ(LoadText(Changed(R"("version": "1.0",)", ""))->vocab_size(), 10);
  std::vector<int32_t> ids;
  LoadText(Changed(R"("post_processor": {)", R"("post_processor": null, "x": {)"))
      ->Encode("a", 1, &ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{3}));
  ids.clear();
  for (const char* type : {"BertProcessing", "RobertaProcessing"}) {
    ids.clear();
    LoadText(Changed(R"("post_processor": {"type": "TemplateProcessing",)",
                     R"("post_processor": {"type": ")" + std::string(type) +
                         R"(", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1],)"))
        ->Encode("a", 3, &ids);
    EXPECT_EQ(ids, (std::vector<int32_t>{1, 3, 2})) << type;
  }
}

TEST(TokenizerLoad, SpecialTokensMayBeLeftOut) {
  const auto tokenizer = LoadText(kTinyTokenizer, Tokenizer::SpecialTokens::kLeftOut);
  std::vector<int32_t> ids;
  EXPECT_FALSE(tokenizer->Encode("a b a", 3, &ids));
  EXPECT_EQ(ids, (std::vector<int32_t>{3, 5, 3}));
  EXPECT_TRUE(tokenizer->Encode("a b a", 2, &ids));
  ids.clear();
  EXPECT_FALSE(tokenizer->Encode("", 3, &ids));
  EXPECT_TRUE(ids.empty());
}

TEST(TokenizerLoad, StagesMayBeMissing) {
  std::string bare = Changed(R"("normalizer": {)", R"("normalizer": null, "x": {)");
  std::vector<int32_t> ids;
  LoadText(bare)->Encode("a b a", 16, &ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{1, 3, 5, 3, 2}));
  ids.clear();
  LoadText(Replaced(bare, R"("pre_tokenizer": {)", R"("pre_tokenizer": null, "y": {)"))
      ->Encode("aaa[SEP]a a", 16, &ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{1, 3, 4, 4, 2, 0, 2}));
}

TEST(TokenizerLoad, EveryTruncatedFileIsAnError) {
  for (size_t size = 0; size < kTinyTokenizer.size(); ++size) {
    ASSERT_NE(Complaint(kTinyTokenizer.substr(0, size), ErrorCode::kCorrupt), "loaded") << size;
  }
}

// Whatever one byte becomes, loading ends with a tokenizer that keeps its bounds or with an Error
// that is not a bug of ours.
TEST(TokenizerLoad, EveryFlippedByteLoadsOrIsAnError) {
  for (size_t i = 0; i < kTinyTokenizer.size(); ++i) {
    for (char flip : {'\x01', ' ', '\x7F'}) {
      std::string content(kTinyTokenizer);
      content[i] = static_cast<char>(content[i] ^ flip);
      try {
        std::unique_ptr<const Tokenizer> tokenizer = LoadText(content);
        std::vector<int32_t> ids;
        tokenizer->Encode("aabca [MASK] new b. \xC3\xA9", 512, &ids);
        for (int32_t id : ids) ASSERT_TRUE(id >= 0 && id < tokenizer->vocab_size());
      } catch (const Error& e) {
        ASSERT_NE(e.code(), ErrorCode::kInternal) << e.what();
      }
    }
  }
}

TEST(TokenizerLoad, RefusesBombs) {
  std::string deep(1'000'000, '[');
  EXPECT_NE(Complaint(deep, ErrorCode::kCorrupt), "loaded");
  std::string long_token = Changed("New b", std::string(1 << 20, 'x'));
  EXPECT_EQ(Complaint(long_token, ErrorCode::kCorrupt),
            "FILE: added_tokens[3]: content: found 1048576 bytes, expected 1 to 1024");
  std::string many = Changed(R"("added_tokens": [)", R"("added_tokens": [)" + [] {
    std::string zeros;
    for (int i = 0; i < 70'000; ++i) zeros += "0,";
    return zeros;
  }());
  EXPECT_EQ(Complaint(many, ErrorCode::kUnsupported),
            "FILE: added_tokens: found 70004 tokens, expected at most 65536");
}

TEST(TokenizerLoad, MissingFileIsNotFound) {
  try {
    Tokenizer::Load("/nonexistent/tokenizer.json");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(e.what()).find("/nonexistent/tokenizer.json"), std::string::npos);
  }
}

}  // namespace
}  // namespace vecmill

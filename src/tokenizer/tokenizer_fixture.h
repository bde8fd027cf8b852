// tokenizer/tokenizer_fixture.h: tokenizer.json files for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace vecmill {

// A file in the temporary folder, removed with this.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("vecmill_" + std::to_string(getpid()) + "_" + std::to_string(count++) + ".json");
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<const Tokenizer> LoadText(
    std::string_view content, Tokenizer::SpecialTokens special = Tokenizer::SpecialTokens::kAdded) {
  return Tokenizer::Load(TemporaryFile(content).path(), special);
}

inline std::string DataPath(const std::string& name) {
  return VECMILL_TEST_DATA "/tokenizer/" + name;
}

inline std::string ReadData(const std::string& name) {
  std::ifstream file(DataPath(name));
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A text of which only the first bytes may be read: touching another ends the process.
class HalfReadableText {
 public:
  static constexpr size_t kSize = 100 << 20;
  static constexpr size_t kReadable = 64 << 10;

  HalfReadableText() {
    void* p = mmap(nullptr, kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p, kReadable, PROT_READ | PROT_WRITE) != 0) {
      throw std::bad_alloc();
    }
    data_ = static_cast<char*>(p);
  }
  ~HalfReadableText() { munmap(data_, kSize); }
  HalfReadableText(const HalfReadableText&) = delete;
  HalfReadableText& operator=(const HalfReadableText&) = delete;

  void Fill(std::string_view pattern) {
    for (size_t i = 0; i < kReadable; ++i) data_[i] = pattern[i % pattern.size()];
  }
  std::string_view all() const { return {data_, kSize}; }
  std::string_view readable() const { return {data_, kReadable}; }

 private:
  char* data_;
};

// `text` with its first `from` replaced; unchanged if there is none.
inline std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  size_t pos = text.find(from);
  if (pos != std::string::npos) text.replace(pos, from.size(), to);
  return text;
}

// A small file with every part. Ids: [UNK] 0, [CLS] 1, [SEP] 2, a 3, ##a 4, b 5, ##bc 6, "." 7,
// [MASK] 8, "New b" 9.
inline constexpr std::string_view kTinyTokenizer = R"({
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [
    {"id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
    {"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
    {"id": 8, "content": "[MASK]", "single_word": false, "lstrip": true, "rstrip": false, "normalized": false, "special": true},
    {"id": 9, "content": "New b", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}
  ],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
    "pair": [],
    "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
  "decoder": null,
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
    "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##a": 4, "b": 5, "##bc": 6, ".": 7}}
})";

}  // namespace vecmill

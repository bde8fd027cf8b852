// tokenizer/pre_tokenizer.h: the pre_tokenizer of tokenizer.json: normalized text to words.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vecmill {

// Words that follow one another.
class Words {
 public:
  // `at_text_start`: the first word begins where the row begins.
  void Clear(bool at_text_start) {
    text_.clear();
    ends_.clear();
    at_text_start_ = at_text_start;
  }
  // Append a word, unless it is empty.
  void Add(std::string_view word) {
    text_ += word;
    EndWord();
  }
  // Or append it in parts, then end it.
  std::string* text() { return &text_; }
  void EndWord() {
    if (static_cast<int64_t>(text_.size()) > end()) {
      ends_.push_back(static_cast<int64_t>(text_.size()));
    }
  }

  int64_t size() const { return static_cast<int64_t>(ends_.size()); }
  std::string_view operator[](int64_t i) const {
    int64_t begin = i == 0 ? 0 : ends_[static_cast<size_t>(i - 1)];
    return std::string_view(text_).substr(
        static_cast<size_t>(begin), static_cast<size_t>(ends_[static_cast<size_t>(i)] - begin));
  }
  bool at_text_start() const { return at_text_start_; }
  void MoveFromTextStart() { at_text_start_ = false; }

 private:
  int64_t end() const { return ends_.empty() ? 0 : ends_.back(); }

  std::string text_;
  std::vector<int64_t> ends_;
  bool at_text_start_ = false;
};

// What a pre-tokenizer makes of a cut place (cut_place.h).
enum class AtCutPlace {
  kCuts,   // words never reach across, and the halves of a text have the words that the text has
  kKeeps,  // does not look at it
  kLoses,
};

// One step. Threads: constant after construction.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  // Append the words into which those of `src` fall to `dst`, which is cleared. Time is linear.
  virtual void Split(const Words& src, Words* dst) const = 0;

  virtual AtCutPlace at_cut_place() const = 0;

  // True if the result depends on where in the row a word begins.
  virtual bool NeedsTextStart() const { return false; }
};

// All steps, one after the other. Threads: constant after construction.
class PreTokenizerChain {
 public:
  // Memory to work in, of the caller's thread.
  struct Scratch {
    Words from;
    Words to;
  };

  // The "pre_tokenizer" of `root`, which may be null; Sequences are taken apart. `where` names the
  // file. Errors: kUnsupported, kCorrupt.
  static PreTokenizerChain FromJson(const Json& root, const std::string& where);

  // The words of `text`, in `scratch`. `at_text_start`: it begins where the row begins.
  const Words& Apply(std::string_view text, bool at_text_start, Scratch* scratch) const;

  // True if the words of a text cut at a cut place are those of its halves.
  bool cuts_at_cut_places() const;
  bool needs_text_start() const;

 private:
  std::vector<std::unique_ptr<const PreTokenizer>> steps_;
};

}  // namespace vecmill

// The text between two raw added tokens goes through one stage after the other. Where all stages
// allow it, a long one is cut at cut places (cut_place.h) into chunks of a kilobyte or more that go
// one by one, so that the rest of the row need not be looked at once enough ids are there; else it
// goes as a whole.
#include "tokenizer/staged_tokenizer.h"

#include <algorithm>
#include <utility>

#include "tokenizer/added_tokens.h"
#include "tokenizer/cut_place.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/raw_splitter.h"
#include "tokenizer/row_encoder.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Most rows are shorter than this and go in one piece.
constexpr int64_t kMinChunkBytes = 1024;

// What tokenizer.json holds.
struct Stages {
  NormalizerChain normalizer;
  PreTokenizerChain pre_tokenizer;
  std::unique_ptr<const Model> model;
  AddedTokens added_tokens;
  PostProcessor post_processor;
  bool cuts;  // at cut places
};

// Memory that a thread keeps from one row to the next.
struct Scratch {
  NormalizerChain::Scratch normalizer;
  PreTokenizerChain::Scratch pre_tokenizer;
};

// Encodes the text between two raw added tokens, which the wheel treats as a text of its own.
class SegmentEncoder {
 public:
  SegmentEncoder(const Stages& stages, const char* row_begin, Scratch* scratch, IdSink* ids)
      : stages_(stages), row_begin_(row_begin), scratch_(*scratch), ids_(*ids) {}

  void Append(std::string_view piece) {
    if (piece.empty()) return;
    int64_t searched = static_cast<int64_t>(text_.size()) - 1;
    const char* begin = text_.empty() ? piece.data() : text_.data();
    text_ = {begin, text_.size() + piece.size()};
    if (!stages_.cuts || static_cast<int64_t>(text_.size()) < kMinChunkBytes) return;
    int64_t cut = LastCutPlace(text_, std::max(searched, kMinChunkBytes / 2));
    if (cut < 0) return;
    EncodeChunk(text_.substr(0, static_cast<size_t>(cut)));
    text_.remove_prefix(static_cast<size_t>(cut));
  }

  // End the segment; the next Append begins another.
  void Finish() {
    if (!text_.empty()) EncodeChunk(text_);
    text_ = {};
  }

 private:
  void EncodeChunk(std::string_view chunk);
  void EncodeNormalized(std::string_view text, bool at_text_start);

  const Stages& stages_;
  const char* row_begin_;
  Scratch& scratch_;
  IdSink& ids_;
  std::string_view text_;  // of the segment, not yet encoded: part of the row
};

void SegmentEncoder::EncodeChunk(std::string_view chunk) {
  std::string_view text = stages_.normalizer.Apply(chunk, &scratch_.normalizer);
  bool at_text_start = chunk.data() == row_begin_;
  const char* begin = nullptr;  // of the text before the next added token
  const char* end = nullptr;
  RawSplitter splitter(stages_.added_tokens.normalized, text);
  while (!splitter.done() && !ids_.cut()) {
    RawSplitter::Part part = splitter.Next();
    if (!part.text.empty()) {
      if (begin == nullptr) begin = part.text.data();
      end = part.text.data() + part.text.size();
    }
    if (!part.found && !splitter.done()) continue;
    if (begin != nullptr) {
      EncodeNormalized({begin, static_cast<size_t>(end - begin)},
                       at_text_start && begin == text.data());
    }
    begin = nullptr;
    if (part.found) ids_.Add(part.id);
  }
}

void SegmentEncoder::EncodeNormalized(std::string_view text, bool at_text_start) {
  const Words& words = stages_.pre_tokenizer.Apply(text, at_text_start, &scratch_.pre_tokenizer);
  for (int64_t i = 0; i < words.size() && !ids_.cut(); ++i) stages_.model->Encode(words[i], &ids_);
}

class StagedTokenizer : public Tokenizer {
 public:
  explicit StagedTokenizer(Stages stages) : stages_(std::move(stages)) {}

  bool Encode(std::string_view text, int64_t max_tokens, std::vector<int32_t>* ids) const override {
    thread_local Scratch scratch;
    auto make_segment = [&](IdSink* sink) {
      return SegmentEncoder(stages_, text.data(), &scratch, sink);
    };
    return EncodeRow(text, max_tokens, stages_.post_processor, stages_.added_tokens.raw,
                     make_segment, ids);
  }
  int64_t vocab_size() const override { return stages_.added_tokens.max_id + int64_t{1}; }

 private:
  const Stages stages_;
};

// A token with white space behind it takes it from the next chunk; one that holds a space behind
// something else may lie across a cut place.
bool AllowsCuts(const TokenMatcher& normalized) {
  return std::none_of(normalized.patterns().begin(), normalized.patterns().end(),
                      [](const TokenMatcher::Pattern& token) {
                        size_t space = token.text.find(' ', token.text.find_first_not_of(' '));
                        return token.rstrip || space != token.text.npos;
                      });
}

}  // namespace

std::unique_ptr<const Tokenizer> LoadStaged(const Json& root, const std::string& where) {
  NormalizerChain normalizer = NormalizerChain::FromJson(root, where);
  PreTokenizerChain pre_tokenizer = PreTokenizerChain::FromJson(root, where);
  if (pre_tokenizer.needs_text_start() && normalizer.may_move_start()) {
    throw Error(ErrorCode::kUnsupported,
                where +
                    ": pre_tokenizer: prepend_scheme \"first\" is not supported after a "
                    "normalizer that may move the start of a text");
  }
  std::unique_ptr<const Model> model = Model::FromJson(root, where);
  NormalizerChain::Scratch scratch;
  AddedTokens added_tokens = AddedTokens::FromJson(
      root, where, *model, [&](const std::string& content, const std::string&) {
        return std::string(normalizer.Apply(content, &scratch));
      });
  PostProcessor post_processor = PostProcessor::FromJson(root, where, added_tokens.max_id);
  bool cuts = normalizer.keeps_cut_places() && pre_tokenizer.cuts_at_cut_places() &&
              AllowsCuts(added_tokens.normalized);
  return std::make_unique<StagedTokenizer>(Stages{.normalizer = std::move(normalizer),
                                                  .pre_tokenizer = std::move(pre_tokenizer),
                                                  .model = std::move(model),
                                                  .added_tokens = std::move(added_tokens),
                                                  .post_processor = std::move(post_processor),
                                                  .cuts = cuts});
}

}  // namespace vecmill

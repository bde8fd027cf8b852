#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "tokenizer/byte_level.h"
#include "tokenizer/class_splitter.h"
#include "tokenizer/component.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pattern_splitter.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

std::unique_ptr<const PreTokenizer> MakeStep(const Json& json, const std::string& where) {
  const std::string& type = json.GetString("type", where);
  if (type == "ByteLevel") return std::make_unique<ByteLevel>(json, where);
  if (type == "Metaspace") return std::make_unique<Metaspace>(json, where);
  if (type == "Split") return std::make_unique<PatternSplitter>(json, where);
  if (type == "BertPreTokenizer" || type == "Whitespace" || type == "WhitespaceSplit" ||
      type == "Punctuation" || type == "Digits") {
    return std::make_unique<ClassSplitter>(type, json, where);
  }
  throw Error(
      ErrorCode::kUnsupported,
      where + ": type " + Json(type).Describe() +
          " is not supported, only Sequence, BertPreTokenizer, ByteLevel, Digits, Metaspace, "
          "Punctuation, Split, Whitespace, WhitespaceSplit");
}

}  // namespace

PreTokenizerChain PreTokenizerChain::FromJson(const Json& root, const std::string& where) {
  PreTokenizerChain chain;
  for (const Component& step : FlattenSequence(root, "pre_tokenizer", "pretokenizers", where)) {
    chain.steps_.push_back(MakeStep(*step.json, step.where));
  }
  return chain;
}

const Words& PreTokenizerChain::Apply(std::string_view text, bool at_text_start,
                                      Scratch* scratch) const {
  scratch->from.Clear(at_text_start);
  scratch->from.Add(text);
  for (const std::unique_ptr<const PreTokenizer>& step : steps_) {
    scratch->to.Clear(scratch->from.at_text_start());
    step->Split(scratch->from, &scratch->to);
    std::swap(scratch->from, scratch->to);
  }
  return scratch->from;
}

bool PreTokenizerChain::cuts_at_cut_places() const {
  for (const std::unique_ptr<const PreTokenizer>& step : steps_) {
    if (step->at_cut_place() != AtCutPlace::kKeeps) {
      return step->at_cut_place() == AtCutPlace::kCuts;
    }
  }
  return false;
}

bool PreTokenizerChain::needs_text_start() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->NeedsTextStart(); });
}

}  // namespace vecmill

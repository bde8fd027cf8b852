#include "tokenizer/normalizer.h"

#include <algorithm>

#include "tokenizer/bert_normalizer.h"
#include "tokenizer/character_normalizers.h"
#include "tokenizer/component.h"
#include "tokenizer/precompiled_normalizer.h"
#include "tokenizer/replace_normalizer.h"
#include "tokenizer/unicode_form_normalizer.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Files made to fill the memory let each step make its text longer; NFKD, the most of what Unicode
// does, makes one code point eighteen.
constexpr size_t kMaxGrowth = 100;
constexpr size_t kFreeGrowthBytes = 1 << 16;

// BERT's steps as one of others: bert_tokenizer.h has its own way.
class BertStep final : public Normalizer {
 public:
  BertStep(const Json& json, const std::string& where) : normalizer_(json, where) {}

  void Append(std::string_view text, std::string* dst) const override {
    BertNormalizer::State state;
    state.max_ordered_marks = static_cast<int64_t>(text.size());
    normalizer_.Append(text, &state, dst);
    normalizer_.Finish(&state, dst);
  }
  bool MayMoveStart() const override { return true; }

 private:
  const BertNormalizer normalizer_;
};

std::unique_ptr<const Normalizer> MakeStep(const Json& json, const std::string& where) {
  const std::string& type = json.GetString("type", where);
  if (type == "BertNormalizer") return std::make_unique<BertStep>(json, where);
  if (type == "NFC") return std::make_unique<UnicodeFormNormalizer>(UnicodeForm::kNfc);
  if (type == "NFD") return std::make_unique<UnicodeFormNormalizer>(UnicodeForm::kNfd);
  if (type == "NFKC") return std::make_unique<UnicodeFormNormalizer>(UnicodeForm::kNfkc);
  if (type == "NFKD") return std::make_unique<UnicodeFormNormalizer>(UnicodeForm::kNfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "Strip") return std::make_unique<StripNormalizer>(json, where);
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(json, where);
  if (type == "Replace") return std::make_unique<ReplaceNormalizer>(json, where);
  if (type == "Precompiled") return std::make_unique<PrecompiledNormalizer>(json, where);
  throw Error(ErrorCode::kUnsupported,
              where + ": type " + Json(type).Describe() +
                  " is not supported, only Sequence, BertNormalizer, NFC, NFD, NFKC, NFKD, "
                  "Lowercase, StripAccents, Strip, Prepend, Replace, Precompiled");
}

}  // namespace

NormalizerChain NormalizerChain::FromJson(const Json& root, const std::string& where) {
  NormalizerChain chain;
  for (const Component& step : FlattenSequence(root, "normalizer", "normalizers", where)) {
    chain.steps_.push_back(MakeStep(*step.json, step.where));
  }
  return chain;
}

std::string_view NormalizerChain::Apply(std::string_view text, Scratch* scratch) const {
  size_t limit = kFreeGrowthBytes + kMaxGrowth * text.size();
  for (const std::unique_ptr<const Normalizer>& step : steps_) {
    scratch->to.clear();
    step->Append(text, &scratch->to);
    if (scratch->to.size() > limit) {
      throw Error(ErrorCode::kUnsupported, "tokenizer: the normalizer makes a text more than " +
                                               std::to_string(kMaxGrowth) + " times as long");
    }
    std::swap(scratch->from, scratch->to);
    text = scratch->from;
  }
  return text;
}

bool NormalizerChain::keeps_cut_places() const {
  return std::all_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->KeepsCutPlaces(); });
}

bool NormalizerChain::may_move_start() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->MayMoveStart(); });
}

}  // namespace vecmill

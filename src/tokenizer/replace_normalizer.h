// tokenizer/replace_normalizer.h: the Replace of tokenizer.json.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/normalizer.h"

namespace vecmill {

// Puts something else for each occurrence of a string, from left to right, or for each run of two
// and more spaces: {"Regex": " {2,}"}, the one regular expression that is read.
class ReplaceNormalizer final : public Normalizer {
 public:
  // `where` names the normalizer. Errors: kUnsupported, kCorrupt.
  ReplaceNormalizer(const Json& json, const std::string& where);

  void Append(std::string_view text, std::string* dst) const override;
  bool KeepsCutPlaces() const override { return keeps_cut_places_; }
  bool MayMoveStart() const override { return true; }

 private:
  void AppendWithoutRuns(std::string_view text, std::string* dst) const;

  std::string pattern_;  // empty for runs of spaces
  std::string content_;
  bool keeps_cut_places_;
};

}  // namespace vecmill

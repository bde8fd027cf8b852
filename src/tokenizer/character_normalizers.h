// tokenizer/character_normalizers.h: the small steps of a normalizer: Lowercase, StripAccents,
// Strip, Prepend. What they do to a code point is measured on the tokenizers wheel
// (tools/make_unicode_tables.py).
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode.h"

namespace vecmill {

// Lower case, code point by code point: a final sigma is no exception.
class LowercaseNormalizer final : public Normalizer {
 public:
  void Append(std::string_view text, std::string* dst) const override;

 private:
  const CodePoints& code_points_ = CodePoints::Get();
};

// Removes all combining marks, and does not decompose: that is another step's.
class StripAccentsNormalizer final : public Normalizer {
 public:
  void Append(std::string_view text, std::string* dst) const override;
  bool MayMoveStart() const override { return true; }

 private:
  const CodePoints& code_points_ = CodePoints::Get();
};

// Removes white space at the ends of the text.
class StripNormalizer final : public Normalizer {
 public:
  // `where` names the normalizer. Errors: kCorrupt.
  StripNormalizer(const Json& json, const std::string& where);
  void Append(std::string_view text, std::string* dst) const override;
  bool KeepsCutPlaces() const override { return false; }
  bool MayMoveStart() const override { return true; }

 private:
  const CodePoints& code_points_ = CodePoints::Get();
  bool left_;
  bool right_;
};

// Puts something before a text that is not empty.
class PrependNormalizer final : public Normalizer {
 public:
  // `where` names the normalizer. Errors: kUnsupported, kCorrupt.
  PrependNormalizer(const Json& json, const std::string& where);
  void Append(std::string_view text, std::string* dst) const override;
  bool KeepsCutPlaces() const override { return false; }

 private:
  std::string content_;
};

}  // namespace vecmill

// tokenizer/normalizer.h: the normalizer of tokenizer.json, for whole texts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vecmill {

// One step. Threads: constant after construction.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Append what `text`, UTF-8, becomes to `dst`. Time is linear in what is read and written.
  virtual void Append(std::string_view text, std::string* dst) const = 0;

  // True if a text cut at a cut place (cut_place.h) becomes what its two halves become, and the
  // place stays one: a space between two characters that are no white space.
  virtual bool KeepsCutPlaces() const { return true; }

  // True if what the first character becomes may begin with white space that it is not, or be
  // nothing: then a later stage does not know which word begins where the text begins.
  virtual bool MayMoveStart() const { return false; }
};

// All steps, one after the other. Threads: constant after construction.
class NormalizerChain {
 public:
  // Memory to work in, of the caller's thread.
  struct Scratch {
    std::string from;
    std::string to;
  };

  // The "normalizer" of `root`, which may be null; Sequences are taken apart. `where` names the
  // file. Errors: kUnsupported, kCorrupt.
  static NormalizerChain FromJson(const Json& root, const std::string& where);

  // What `text` becomes: `text` itself or in `scratch`. Errors: kUnsupported if that is more than a
  // hundred times as long.
  std::string_view Apply(std::string_view text, Scratch* scratch) const;

  bool keeps_cut_places() const;
  bool may_move_start() const;

 private:
  std::vector<std::unique_ptr<const Normalizer>> steps_;
};

}  // namespace vecmill

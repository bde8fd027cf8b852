// hub/model_id.h: the name of a model on a hub, and the revision that is meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vecmill {

// Both parts are safe to build paths from: no part is empty, "." or "..", none holds a separator or
// a control character.
struct ModelId {
  std::string repository;         // "ORG/NAME"
  std::string revision = "main";  // branch, tag or commit

  // "ORG/NAME", and "@REVISION" unless it is main.
  std::string Text() const;
};

// "ORG/NAME", "ORG/NAME@REVISION"; a bare "NAME" stands for sentence-transformers/NAME. nullopt for
// what a hub cannot have: names are letters, digits, '-', '_' and '.', without "--" and "..", and
// begin and end with a letter, a digit or '_'.
std::optional<ModelId> ParseModelId(std::string_view text);

// A whole commit: 40 lower-case hex digits.
bool IsCommit(std::string_view text);

// `size` lower-case hex digits.
bool IsHex(std::string_view text, size_t size);

// A path of "/"-separated parts that stays below the folder it is put in: relative, no part empty,
// "." or "..", no backslash, no control character, no part longer than a file name may be.
bool IsPathBelow(std::string_view path);

}  // namespace vecmill

#include "hub/model_id.h"

#include <algorithm>

namespace vecmill {
namespace {

constexpr std::string_view kDefaultOrganisation = "sentence-transformers";
constexpr size_t kMaxRepositoryLength = 96;  // the hub's own limit
constexpr size_t kMaxFileNameLength = 255;   // of Linux's file systems
constexpr size_t kMaxPathLength = 1024;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsName(std::string_view name) {
  const auto may_end = [](char c) { return IsAlphanumeric(c) || c == '_'; };
  return !name.empty() && may_end(name.front()) && may_end(name.back()) &&
         name.find("--") == name.npos && name.find("..") == name.npos &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return may_end(c) || c == '-' || c == '.'; });
}

// What git allows as a branch or tag is more than this by no name in use.
bool IsRevision(std::string_view revision) {
  return IsPathBelow(revision) && revision.find("..") == revision.npos &&
         revision.find_first_of(" ~^:?*[") == revision.npos &&
         std::all_of(revision.begin(), revision.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string ModelId::Text() const {
  return revision == "main" ? repository : repository + "@" + revision;
}

std::optional<ModelId> ParseModelId(std::string_view text) {
  ModelId id;
  const size_t at = text.find('@');
  if (at != text.npos) {
    id.revision = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const size_t slash = text.find('/');
  const bool bare = slash == text.npos;
  const std::string_view organisation = bare ? kDefaultOrganisation : text.substr(0, slash);
  const std::string_view name = bare ? text : text.substr(slash + 1);
  if (!IsName(organisation) || !IsName(name) || !IsRevision(id.revision)) return std::nullopt;
  id.repository = std::string(organisation) + "/" + std::string(name);
  if (id.repository.size() > kMaxRepositoryLength) return std::nullopt;
  return id;
}

bool IsHex(std::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsCommit(std::string_view text) { return IsHex(text, 40); }

bool IsPathBelow(std::string_view path) {
  if (path.size() > kMaxPathLength) return false;
  const bool plain = std::none_of(path.begin(), path.end(), [](char c) {
    return c == '\\' || static_cast<unsigned char>(c) < ' ' || c == 0x7f;
  });
  if (!plain) return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxFileNameLength) {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace vecmill

#include "hub/repository_listing.h"

#include <algorithm>

#include "base/json.h"
#include "hub/model_id.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

RemoteFile ParseFile(const Json& sibling, const std::string& where) {
  RemoteFile file{.path = sibling.GetString("rfilename", where)};
  const std::string file_where = where + ": " + Json(file.path).Describe();
  const Json* lfs = sibling.Find("lfs");
  if (lfs != nullptr && lfs->is_object()) {
    file.size = lfs->GetInt("size", file_where);
    file.hash = lfs->GetString("sha256", file_where);
    if (!IsHex(file.hash, 64)) {
      throw Error(ErrorCode::kCorrupt, file_where + ": sha256: expected 64 hex digits");
    }
  } else {
    file.size = sibling.GetInt("size", file_where, 0);
    file.hash = sibling.GetString("blobId", file_where, "");
    if (!file.hash.empty() && !IsHex(file.hash, 40)) {
      throw Error(ErrorCode::kCorrupt, file_where + ": blobId: expected 40 hex digits");
    }
  }
  if (file.size < 0) {
    throw Error(ErrorCode::kCorrupt, file_where + ": a size of " + std::to_string(file.size));
  }
  return file;
}

}  // namespace

const RemoteFile* RepositoryListing::Find(std::string_view path) const {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const RemoteFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

RepositoryListing ParseListing(std::string_view json, const std::string& where) {
  const Json answer = ParseJson(json, where);
  RepositoryListing listing{.commit = answer.GetString("sha", where)};
  if (!IsCommit(listing.commit)) {
    throw Error(ErrorCode::kCorrupt, where + ": sha: expected a commit of 40 hex digits, found " +
                                         Json(listing.commit).Describe());
  }
  for (const Json& sibling : answer.GetArray("siblings", where)) {
    listing.files.push_back(ParseFile(sibling, where + ": siblings"));
  }
  return listing;
}

}  // namespace vecmill

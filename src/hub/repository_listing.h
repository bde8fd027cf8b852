// hub/repository_listing.h: the files of a model at one commit, as the hub's API lists them.
//
// Source: GET ENDPOINT/api/models/ORG/NAME/revision/REVISION?blobs=true, an object with `sha` and
// `siblings`, each with `rfilename`, `size`, `blobId` and for Git LFS files `lfs.sha256`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// A file that the hub offers.
struct RemoteFile {
  std::string path;  // as listed; not checked, see IsPathBelow
  int64_t size = 0;  // bytes, not negative
  // Lower-case hex: 64 digits, the SHA-256 of the content, for a file in Git LFS, else 40 digits,
  // its git blob hash. The blob in the cache is called by it. "": the hub does not say.
  std::string hash;
};

struct RepositoryListing {
  std::string commit;  // IsCommit
  std::vector<RemoteFile> files;

  const RemoteFile* Find(std::string_view path) const;
};

// Read what the API answered; `where` names it in messages. Errors: kCorrupt.
RepositoryListing ParseListing(std::string_view json, const std::string& where);

}  // namespace vecmill

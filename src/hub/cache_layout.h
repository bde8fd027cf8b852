// hub/cache_layout.h: where a repository's files lie in the cache that huggingface_hub and the
// programs built on it share.
//
//   CACHE/models--ORG--NAME/refs/REVISION          the commit that a branch or tag stood for
//                          /snapshots/COMMIT/PATH  links to ../../blobs/HASH
//                          /.no_exist/COMMIT/PATH  empty: the commit has no such file
//                          /blobs/HASH             content, named by its SHA-256 or git blob hash
//        /.locks/models--ORG--NAME/HASH.lock       held (flock) while the blob is made
//
// Source: huggingface.co/docs/hub/local-cache.
#pragma once

#include <optional>
#include <string>

#include "hub/model_id.h"

namespace vecmill {

// Names only; nothing is looked at. REQUIRES: arguments are from ModelId, IsCommit, IsHex or
// IsPathBelow.
class CacheLayout {
 public:
  CacheLayout(const std::string& cache, const std::string& repository);

  const std::string& folder() const { return folder_; }
  std::string Blob(const std::string& hash) const { return folder_ + "/blobs/" + hash; }
  std::string Ref(const std::string& revision) const { return folder_ + "/refs/" + revision; }
  std::string Snapshot(const std::string& commit) const { return folder_ + "/snapshots/" + commit; }
  std::string NoSuchFile(const std::string& commit, const std::string& path) const {
    return folder_ + "/.no_exist/" + commit + "/" + path;
  }
  std::string Lock(const std::string& hash) const { return locks_ + "/" + hash + ".lock"; }

 private:
  std::string folder_;
  std::string locks_;
};

// A model that the cache holds.
struct Snapshot {
  std::string folder;
  std::string commit;
};

// The snapshot of `id`, if there is one; no connection is made. A snapshot without modules.json is
// taken only if the cache says that the model has none: other programs fetch single files, and a
// folder that merely lacks it would give other vectors.
// Errors: kNotFound for such a snapshot; kCorrupt for a ref that is no commit; kIo.
std::optional<Snapshot> FindSnapshot(const std::string& cache, const ModelId& id);

}  // namespace vecmill

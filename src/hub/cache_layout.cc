#include "hub/cache_layout.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/mapped_file.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

// Follows links: one that leads nowhere is no file.
bool Exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string FolderName(const std::string& repository) {
  std::string name = "models--" + repository;
  const size_t slash = name.find('/');
  return name.replace(slash, 1, "--");
}

std::string ReadCommit(const std::string& path) {
  const MappedFile file(path);
  std::string_view text = file.text();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (IsCommit(text)) return std::string(text);
  throw Error(ErrorCode::kCorrupt, path + ": expected a commit of 40 hex digits, found " +
                                       std::to_string(file.size()) +
                                       " other bytes; remove the file and pull the model again");
}

}  // namespace

CacheLayout::CacheLayout(const std::string& cache, const std::string& repository)
    : folder_(cache + "/" + FolderName(repository)),
      locks_(cache + "/.locks/" + FolderName(repository)) {}

std::optional<Snapshot> FindSnapshot(const std::string& cache, const ModelId& id) {
  const CacheLayout layout(cache, id.repository);
  Snapshot snapshot;
  if (Exists(layout.Ref(id.revision))) {
    snapshot.commit = ReadCommit(layout.Ref(id.revision));
  } else if (IsCommit(id.revision)) {
    snapshot.commit = id.revision;
  } else {
    return std::nullopt;
  }
  snapshot.folder = layout.Snapshot(snapshot.commit);
  if (!Exists(snapshot.folder)) return std::nullopt;
  if (Exists(snapshot.folder + "/modules.json")) return snapshot;
  if (Exists(layout.NoSuchFile(snapshot.commit, "modules.json"))) return snapshot;
  throw Error(ErrorCode::kNotFound,
              snapshot.folder +
                  ": the cache holds only some files of this model: there is no modules.json, and "
                  "nothing says that the model has none; `vecmill pull " +
                  id.Text() +
                  "` fetches what is missing (if the folder is known to be whole, name it instead "
                  "of the model)");
}

}  // namespace vecmill

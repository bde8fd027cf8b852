#include "hub/model_files.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "base/mapped_file.h"
#include "base/sha256.h"
#include "hub/needed_files.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

// Append the regular files of `folder`/`below`, which may be missing: a module without settings.
void AppendFiles(const std::string& folder, const std::string& below,
                 std::vector<std::string>* paths) {
  std::error_code error;
  const std::string path = below.empty() ? folder : folder + "/" + below;
  if (!fs::exists(path, error)) return;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code no_file;
    if (!it->is_regular_file(no_file)) continue;
    paths->push_back((fs::path(below) / it->path().filename()).string());
  }
  if (error) throw Error(ErrorCode::kIo, path + ": cannot list the folder: " + error.message());
}

}  // namespace

std::vector<ModelFile> ListModelFiles(const std::string& folder) {
  const std::string modules_path = folder + "/modules.json";
  std::optional<MappedFile> modules;
  std::error_code error;
  if (fs::exists(modules_path, error)) modules.emplace(modules_path);
  const std::set<std::string> folders =
      ModuleFolders(modules ? std::optional(modules->text()) : std::nullopt, modules_path);

  std::vector<std::string> paths;
  AppendFiles(folder, "", &paths);
  for (const std::string& below : folders) {
    if (!below.empty()) AppendFiles(folder, below, &paths);
  }
  std::sort(paths.begin(), paths.end());
  std::vector<ModelFile> files;
  for (const std::string& path : NeededFiles(paths, folders)) {
    const MappedFile file((fs::path(folder) / path).string());
    files.push_back({.path = path, .size = file.size(), .sha256 = Sha256Hex(file.bytes())});
  }
  return files;
}

}  // namespace vecmill

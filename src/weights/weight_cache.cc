// The process that makes a file packs into memory of its own, writes that and then maps the file as
// any other would. Writing through a shared mapping would save the copy, but a full disk would kill
// the process (SIGBUS) instead of being an error.
#include "weights/weight_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "base/file_lock.h"
#include "base/sha256.h"
#include "vecmill/error.h"
#include "weights/array_file.h"

namespace vecmill {
namespace {

// Why `folder` cannot be used; "" if it can.
std::string MakeFolder(const std::string& folder) {
  const std::filesystem::path parent = std::filesystem::path(folder).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (!error && mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    error.assign(errno, std::generic_category());
  }
  struct stat info = {};
  if (stat(folder.c_str(), &info) != 0) {
    const int found = error ? error.value() : errno;
    return folder + ": cannot make the folder: " + std::generic_category().message(found);
  }
  if (!S_ISDIR(info.st_mode)) return folder + ": is not a folder";
  const FileStatus status{.owner = info.st_uid, .mode = info.st_mode};
  if (!status.IsOurs()) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%03o", static_cast<unsigned>(info.st_mode & 0777));
    return folder + ": belongs to user " + std::to_string(info.st_uid) + " with mode " + mode +
           "; nobody but user " + std::to_string(geteuid()) + " and root may write to it";
  }
  return "";
}

// True if all that `load` takes is in the file.
bool LoadMapped(const std::string& path, const std::string& key,
                const std::function<void(ArrayStore&)>& load) {
  try {
    MappedArrays arrays(path, key);
    load(arrays);
    return arrays.exhausted();
  } catch (const Error&) {
    // What is wrong with the file ends with it. What is wrong with the model is thrown again by the
    // load into memory that follows.
    return false;
  }
}

}  // namespace

WeightCache::WeightCache(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  problem_ = MakeFolder(folder);
  if (!problem_.empty()) return;
  folder_ = folder;
  hashes_ = FileHashes(std::move(folder));
}

WeightCache::Place WeightCache::Load(const std::string& key,
                                     const std::function<void(ArrayStore&)>& load) const {
  PrivateArrays arrays;
  if (folder_.empty()) {
    load(arrays);
    return {.problem = problem_};
  }
  const std::string path = folder_ + "/" + Sha256Hex(std::as_bytes(std::span(key))) + ".packed";
  if (LoadMapped(path, key, load)) return {.file = path};

  std::optional<FileLock> lock;
  std::string problem;
  try {
    lock.emplace(path + ".lock");
  } catch (const Error& error) {
    problem = error.what();
  }
  if (lock && LoadMapped(path, key, load)) return {.file = path};  // made while this one waited
  load(arrays);
  if (!lock) return {.problem = problem};
  try {
    WriteArrayFile(path, key, arrays.arrays());
  } catch (const Error& error) {
    return {.problem = error.what()};
  }
  if (LoadMapped(path, key, load)) return {.file = path};
  return {.problem = path + ": what was written cannot be read back"};
}

}  // namespace vecmill

#include "weights/model_file.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "vecmill/error.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

// The first line of a pointer file; github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
constexpr std::string_view kLfsPointer = "version https://git-lfs.github.com/spec/";

fs::path Canonical(const std::string& path) {
  std::error_code error;
  fs::path canonical = fs::canonical(path, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    throw Error(ErrorCode::kNotFound, path + ": " + error.message());
  }
  if (error) throw Error(ErrorCode::kIo, path + ": " + error.message());
  return canonical;
}

// What a folder's links may point into: the folder, or the hub cache entry it lies in.
fs::path ContainmentRoot(const fs::path& folder) {
  for (fs::path path = folder; path.has_relative_path(); path = path.parent_path()) {
    if (path.filename().string().starts_with("models--")) return path;
  }
  return folder;
}

bool IsInside(const fs::path& path, const fs::path& root) {
  const fs::path relative = path.lexically_relative(root);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

std::string JoinPath(const std::string& folder, const std::string& name) {
  if (name.empty()) return folder;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

void CheckRelativePath(const std::string& path, const std::string& where) {
  const fs::path parts(path);
  bool ok = parts.is_relative() && path.find('\\') == std::string::npos &&
            path.find('\0') == std::string::npos;
  for (const fs::path& part : parts) ok = ok && part != "..";
  if (ok) return;
  throw Error(ErrorCode::kCorrupt,
              where + ": " + Json(path).Describe() + " is not a path inside the model folder");
}

bool ModelFileExists(const std::string& folder, const std::string& name) {
  std::error_code error;
  return fs::symlink_status(JoinPath(folder, name), error).type() != fs::file_type::not_found;
}

void CheckInside(const std::string& folder, const std::string& name) {
  const std::string path = JoinPath(folder, name);
  const fs::path target = Canonical(path);
  if (IsInside(target, ContainmentRoot(Canonical(folder)))) return;
  throw Error(ErrorCode::kCorrupt, path + ": is a link to " + target.string() +
                                       ", outside the model folder; put the file itself there");
}

std::shared_ptr<const MappedFile> OpenModelFile(const std::string& folder,
                                                const std::string& name) {
  CheckInside(folder, name);
  const std::string path = JoinPath(folder, name);
  auto file = std::make_shared<const MappedFile>(path);
  if (file->text().starts_with(kLfsPointer)) {
    throw Error(ErrorCode::kCorrupt, path + ": is a Git LFS pointer of " +
                                         std::to_string(file->size()) +
                                         " bytes, not the file it stands for; fetch it with "
                                         "`git lfs pull` in the repository of the model");
  }
  return file;
}

Json ReadModelJson(const std::string& folder, const std::string& name) {
  const auto file = OpenModelFile(folder, name);
  Json json = ParseJson(file->text(), file->path());
  if (!json.is_object()) {
    throw Error(ErrorCode::kCorrupt,
                file->path() + ": expected an object, found " + json.Describe());
  }
  return json;
}

}  // namespace vecmill

#include "table/input_files.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/result.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <system_error>

#include "table/arrow_status.h"
#include "table/file_system.h"
#include "table/glob.h"

namespace vecmill {
namespace {

constexpr int kNoDepthLimit = -1;

struct Found {
  std::string path;
  int64_t size_bytes;
};

struct Kind {
  FileFormat format;
  Compression compression;
};

std::optional<Kind> KindOf(const std::string& path) {
  struct Extension {
    std::string_view text;
    FileFormat format;
  };
  constexpr std::array kText = {
      Extension{".csv", FileFormat::kCsv}, Extension{".tsv", FileFormat::kTsv},
      Extension{".jsonl", FileFormat::kJsonl}, Extension{".ndjson", FileFormat::kJsonl},
      Extension{".json", FileFormat::kJsonl}};

  std::string name = path.substr(0, IsS3(path) ? path.find('?') : std::string::npos);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.ends_with(".parquet")) return Kind{FileFormat::kParquet, Compression::kNone};
  Compression compression = Compression::kNone;
  if (name.ends_with(".gz")) compression = Compression::kGzip;
  if (name.ends_with(".zst")) compression = Compression::kZstd;
  if (compression != Compression::kNone) name.resize(name.rfind('.'));
  for (const Extension& extension : kText) {
    if (name.ends_with(extension.text)) return Kind{extension.format, compression};
  }
  return std::nullopt;
}

bool IsHidden(std::string_view name) { return name.starts_with('.') || name.starts_with('_'); }

[[noreturn]] void ThrowSystemError(const std::string& path, const std::error_code& error) {
  const bool missing = error == std::errc::no_such_file_or_directory;
  throw Error(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
              path + ": cannot list: " + error.message());
}

// Regular files below `folder`, with paths relative to it; max_depth 0 stays in the folder itself.
// Links to files are followed, links to folders are not: they can make loops.
std::vector<Found> ListLocalFolder(const std::string& folder, int max_depth) {
  namespace stdfs = std::filesystem;
  std::vector<Found> files;
  std::error_code error;
  stdfs::recursive_directory_iterator it(folder, error);
  if (error) ThrowSystemError(folder, error);
  while (it != stdfs::recursive_directory_iterator()) {
    const stdfs::directory_entry& entry = *it;
    const bool is_folder = entry.is_directory(error) && !entry.is_symlink(error);
    if (is_folder && (it.depth() == max_depth || entry.path().filename().string().starts_with('.')))
      it.disable_recursion_pending();
    if (entry.is_regular_file(error)) {
      files.push_back({.path = entry.path().lexically_relative(folder).string(),
                       .size_bytes = static_cast<int64_t>(entry.file_size(error))});
    }
    const std::string path = entry.path().string();
    it.increment(error);
    if (error) ThrowSystemError(path, error);
  }
  return files;
}

// The same for the objects whose keys begin with `prefix` and a slash.
std::vector<Found> ListS3Folder(const S3Uri& uri, const std::string& prefix, int max_depth) {
  const std::string base = uri.bucket + (prefix.empty() ? "" : "/" + prefix);
  arrow::fs::FileSelector selector;
  selector.base_dir = base;
  selector.recursive = max_depth != 0;
  if (max_depth != kNoDepthLimit) selector.max_recursion = max_depth;
  const std::vector<arrow::fs::FileInfo> infos =
      ValueOrThrow(S3FileSystemOf(uri)->GetFileInfo(selector),
                   DisplayPath(uri.ToString()) + ": cannot list", ErrorCode::kIo);
  std::vector<Found> files;
  for (const arrow::fs::FileInfo& info : infos) {
    if (!info.IsFile()) continue;
    files.push_back({.path = info.path().substr(base.size() + 1), .size_bytes = info.size()});
  }
  return files;
}

void SortByPath(std::vector<Found>& files) {
  std::sort(files.begin(), files.end(),
            [](const Found& a, const Found& b) { return a.path < b.path; });
}

// What remains of a folder's files without those that are hidden or no data.
std::vector<Found> DataFiles(std::vector<Found> files) {
  std::erase_if(files, [](const Found& file) {
    const std::filesystem::path path = file.path;
    const bool hidden = std::any_of(path.begin(), path.end(),
                                    [](const auto& part) { return IsHidden(part.string()); });
    return hidden || !KindOf(file.path);
  });
  SortByPath(files);
  return files;
}

// A glob cut at the last slash before its first wildcard.
struct Glob {
  std::string base;     // "" if there is no slash
  std::string pattern;  // relative to base
  int max_depth;        // folders below base that can hold matches
};

Glob SplitGlob(const std::string& text) {
  const size_t wildcard = text.find_first_of("*?[");
  const size_t slash = text.rfind('/', wildcard);
  Glob glob;
  glob.base = slash == std::string::npos ? "" : text.substr(0, slash);
  glob.pattern = slash == std::string::npos ? text : text.substr(slash + 1);
  glob.max_depth =
      glob.pattern.find("**") != std::string::npos
          ? kNoDepthLimit
          : static_cast<int>(std::count(glob.pattern.begin(), glob.pattern.end(), '/'));
  return glob;
}

std::vector<Found> Matches(std::vector<Found> files, const Glob& glob) {
  std::erase_if(files, [&](const Found& file) { return !GlobMatches(glob.pattern, file.path); });
  SortByPath(files);
  return files;
}

std::vector<Found> FindLocal(const std::string& pattern) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(pattern, error);
  if (std::filesystem::is_directory(status)) {
    std::vector<Found> files = DataFiles(ListLocalFolder(pattern, kNoDepthLimit));
    for (Found& file : files) file.path = (std::filesystem::path(pattern) / file.path).string();
    return files;
  }
  if (std::filesystem::exists(status)) {
    if (!std::filesystem::is_regular_file(status)) {
      throw Error(ErrorCode::kInvalidArgument,
                  pattern + ": is a device, a pipe or a socket; give a file or a folder");
    }
    const auto size = std::filesystem::file_size(pattern, error);
    if (error) ThrowSystemError(pattern, error);
    return {{.path = pattern, .size_bytes = static_cast<int64_t>(size)}};
  }
  if (!HasWildcard(pattern, /*question_mark=*/true)) {
    throw Error(ErrorCode::kNotFound, pattern + ": no such file or folder");
  }
  const Glob glob = SplitGlob(pattern);
  const bool from_root = glob.base.empty() && pattern.starts_with('/');
  const std::string base = from_root ? "/" : glob.base;
  std::vector<Found> files =
      Matches(ListLocalFolder(base.empty() ? "." : base, glob.max_depth), glob);
  for (Found& file : files) file.path = (std::filesystem::path(base) / file.path).string();
  return files;
}

std::vector<Found> FindS3(const std::string& pattern) {
  S3Uri uri = ParseS3Uri(pattern);
  std::vector<Found> files;
  std::string base;
  if (HasWildcard(uri.key, /*question_mark=*/false)) {
    const Glob glob = SplitGlob(uri.key);
    base = glob.base;
    files = Matches(ListS3Folder(uri, base, glob.max_depth), glob);
  } else {
    base = uri.key;
    const std::string path = uri.bucket + (base.empty() ? "" : "/" + base);
    const arrow::fs::FileInfo info =
        ValueOrThrow(S3FileSystemOf(uri)->GetFileInfo(path),
                     DisplayPath(pattern) + ": cannot look up", ErrorCode::kIo);
    if (info.IsFile()) return {{.path = uri.ToString(), .size_bytes = info.size()}};
    if (!info.IsDirectory()) {
      throw Error(ErrorCode::kNotFound, DisplayPath(pattern) + ": no such object or prefix");
    }
    files = DataFiles(ListS3Folder(uri, base, kNoDepthLimit));
  }
  for (Found& file : files) {
    uri.key = base + (base.empty() ? "" : "/") + file.path;
    file.path = uri.ToString();
  }
  return files;
}

InputFile ToInputFile(const Found& file) {
  const std::optional<Kind> kind = KindOf(file.path);
  if (!kind) {
    throw Error(ErrorCode::kInvalidArgument,
                DisplayPath(file.path) +
                    ": the extension says no format; known are .parquet, and .csv .tsv .jsonl "
                    ".ndjson .json, each also with .gz or .zst");
  }
  return {.path = file.path,
          .format = kind->format,
          .compression = kind->compression,
          .size_bytes = file.size_bytes};
}

}  // namespace

std::vector<InputFile> ListInputFiles(const std::vector<std::string>& patterns) {
  std::vector<InputFile> files;
  for (const std::string& pattern : patterns) {
    if (!IsS3(pattern) && pattern.find("://") != std::string::npos) {
      throw Error(ErrorCode::kUnsupported,
                  pattern + ": only local paths and s3:// URIs can be read");
    }
    const std::vector<Found> found = IsS3(pattern) ? FindS3(pattern) : FindLocal(pattern);
    if (found.empty()) {
      throw Error(ErrorCode::kNotFound,
                  DisplayPath(pattern) +
                      ": holds or matches no data file (.parquet, .csv, .tsv, "
                      ".jsonl, .ndjson, .json, the last five also .gz or .zst)");
    }
    for (const Found& file : found) files.push_back(ToInputFile(file));
  }
  return files;
}

}  // namespace vecmill

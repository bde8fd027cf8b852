#include "hub/pull.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/mapped_file.h"
#include "hub/blob_fetcher.h"
#include "hub/cache_files.h"
#include "hub/cache_layout.h"
#include "hub/http_client.h"
#include "hub/http_error.h"
#include "hub/needed_files.h"
#include "hub/repository_listing.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr size_t kMaxListingBytes = 64 << 20;
constexpr char kModules[] = "modules.json";

RepositoryListing FetchListing(HttpClient& client, const HubOptions& options, const ModelId& id) {
  const std::string url = options.endpoint + "/api/models/" + id.repository + "/revision/" +
                          PercentEncode(id.revision, "") + "?blobs=true";
  Attempts attempts;
  for (;;) {
    std::string json;
    const HttpResponse response =
        client.Get(url, 0, [&](const HttpResponse&, std::span<const std::byte> bytes) {
          if (bytes.size() > kMaxListingBytes - json.size()) {
            throw Error(ErrorCode::kCorrupt, id.Text() + ": the hub lists more than 64 MiB");
          }
          json.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        });
    if (response.ok()) return ParseListing(json, id.Text() + ": the hub's list of files");
    if (!attempts.Again(response, /*came_further=*/false)) {
      ThrowHttpError(response, id, "", options);
    }
  }
}

// Why a repository without the files that vecmill reads is refused before anything is fetched.
[[noreturn]] void ThrowCannotRun(const ModelId& id, const std::string& why) {
  throw Error(ErrorCode::kUnsupported,
              id.Text() + ": " + why +
                  ". To make them, once, in Python:\n"
                  "  from sentence_transformers import SentenceTransformer\n"
                  "  SentenceTransformer('" +
                  id.repository + "', revision='" + id.revision +
                  "').save('FOLDER')\n"
                  "and give vecmill the FOLDER");
}

void CheckCanRun(const ModelId& id, const std::vector<RemoteFile>& files) {
  const auto any = [&](const auto& predicate) {
    return std::any_of(files.begin(), files.end(),
                       [&](const RemoteFile& file) { return predicate(file.path); });
  };
  if (!any(IsSafetensors)) {
    ThrowCannotRun(id,
                   "has no weights in safetensors files, the only ones that are read (a pickle can "
                   "run code when it is opened)");
  }
  if (!any([](const std::string& path) {
        return path.ends_with("tokenizer.json") || path.ends_with("sp.model");
      })) {
    ThrowCannotRun(id, "has no tokenizer.json");
  }
}

// Several connections, the largest files first.
void FetchBlobs(std::vector<RemoteFile> files, const PullContext& pull) {
  std::sort(files.begin(), files.end(),
            [](const RemoteFile& a, const RemoteFile& b) { return a.size > b.size; });
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      HttpClient client(pull.options);
      for (size_t i = next++; i < files.size() && !pull.stop; i = next++) {
        FetchBlob(client, files[i], pull);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      pull.stop = true;
    }
  };
  {
    std::vector<std::jthread> threads;
    const size_t num_threads =
        std::min(files.size(), static_cast<size_t>(pull.options.num_connections));
    for (size_t i = 0; i < num_threads; ++i) threads.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
}

// The file of the listing, fit to be fetched.
const RemoteFile& Checked(const RemoteFile& file, const ModelId& id) {
  if (!IsPathBelow(file.path)) {
    throw Error(ErrorCode::kCorrupt,
                id.Text() + ": the hub lists a file whose name leaves the model's folder");
  }
  if (file.hash.empty()) {
    throw Error(ErrorCode::kUnsupported,
                id.Text() + ": " + file.path +
                    ": the hub lists it without a hash, so nothing could verify it (a mirror must "
                    "answer /api/models/.../revision/...?blobs=true as huggingface.co does)");
  }
  return file;
}

// The files that are needed, their names checked. Reads modules.json, so fetches it first.
std::vector<RemoteFile> ChooseFiles(HttpClient& client, const RepositoryListing& listing,
                                    const PullContext& pull) {
  std::optional<MappedFile> modules;
  if (const RemoteFile* file = listing.Find(kModules)) {
    FetchBlob(client, Checked(*file, pull.id), pull);
    modules.emplace(pull.layout.Blob(file->hash));
  }
  std::vector<std::string> paths;
  for (const RemoteFile& file : listing.files) paths.push_back(file.path);
  std::vector<RemoteFile> files;
  const std::set<std::string> folders = ModuleFolders(
      modules ? std::optional(modules->text()) : std::nullopt, pull.id.Text() + ": " + kModules);
  for (const std::string& path : NeededFiles(paths, folders)) {
    files.push_back(Checked(*listing.Find(path), pull.id));
  }
  return files;
}

// From here on every blob is there. modules.json, or the word that there is none, comes last: a
// snapshot without either is one that FindSnapshot does not take.
void LinkSnapshot(const std::vector<RemoteFile>& files, const PullContext& pull) {
  const std::string snapshot = pull.layout.Snapshot(pull.commit) + "/";
  std::optional<std::string> modules_target;
  for (const RemoteFile& file : files) {
    std::string up = "../../";
    for (const char c : file.path) up += c == '/' ? "../" : "";
    const std::string target = up + "blobs/" + file.hash;
    if (file.path == kModules) {
      modules_target = target;
    } else {
      MakeLink(snapshot + file.path, target);
    }
  }
  if (modules_target) {
    MakeLink(snapshot + kModules, *modules_target);
  } else {
    WriteSmallFile(pull.layout.NoSuchFile(pull.commit, kModules), "");
  }
  if (pull.id.revision != pull.commit) {
    WriteSmallFile(pull.layout.Ref(pull.id.revision), pull.commit);
  }
}

PulledModel FromCache(const HubOptions& options, const ModelId& id) {
  const std::optional<Snapshot> snapshot = FindSnapshot(options.cache, id);
  if (!snapshot) {
    throw Error(ErrorCode::kNotFound,
                id.Text() + ": is not in the hub cache " + options.cache +
                    ", and the hub may not be asked (HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is "
                    "set)");
  }
  return {.folder = snapshot->folder, .commit = snapshot->commit};
}

}  // namespace

PulledModel PullModel(const HubOptions& options, const ModelId& id,
                      const TransferProgressFn& on_progress) {
  if (options.offline) return FromCache(options, id);
  HttpClient client(options);
  const RepositoryListing listing = FetchListing(client, options, id);
  const CacheLayout layout(options.cache, id.repository);
  TransferMeter meter(on_progress);
  std::atomic<bool> stop = false;
  const PullContext pull = {options, id, listing.commit, layout, meter, stop};

  std::vector<RemoteFile> files = ChooseFiles(client, listing, pull);
  CheckCanRun(id, files);
  int64_t total_bytes = 0;
  for (const RemoteFile& file : files) total_bytes += file.size;
  meter.Expect(static_cast<int64_t>(files.size()), total_bytes);
  std::vector<RemoteFile> rest = files;
  std::erase_if(rest, [](const RemoteFile& file) { return file.path == kModules; });
  FetchBlobs(std::move(rest), pull);
  LinkSnapshot(files, pull);
  return {.folder = layout.Snapshot(listing.commit),
          .commit = listing.commit,
          .transfer = meter.progress()};
}

}  // namespace vecmill

#include "hub/blob_fetcher.h"

#include <charconv>
#include <utility>

#include "base/file_lock.h"
#include "hub/cache_files.h"
#include "hub/http_error.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Ends a transfer from within; never leaves this file.
struct Stopped {};

// The byte that a 206's body begins at: "bytes 100-199/200"; -1 if it does not say.
int64_t FirstByte(const HttpResponse& head) {
  constexpr std::string_view kUnit = "bytes ";
  const std::string range = head.Header("content-range");
  if (!range.starts_with(kUnit)) return -1;
  int64_t first = -1;
  const char* begin = range.data() + kUnit.size();
  const auto [end, error] = std::from_chars(begin, range.data() + range.size(), first);
  return error == std::errc() && end != begin ? first : -1;
}

std::string FileUrl(const RemoteFile& file, const PullContext& pull) {
  return pull.options.endpoint + "/" + pull.id.repository + "/resolve/" + pull.commit + "/" +
         PercentEncode(file.path, "/");
}

void Clear(PartialFile& partial, TransferMeter& meter) {
  meter.Found(-partial.size());
  partial.Clear();
}

// One request for what is missing of `partial`.
HttpResponse FetchRest(HttpClient& client, const RemoteFile& file, const PullContext& pull,
                       PartialFile& partial) {
  bool first_part = true;
  const auto sink = [&](const HttpResponse& head, std::span<const std::byte> bytes) {
    if (pull.stop) throw Stopped();
    if (first_part) {
      first_part = false;
      if (head.status == 206 && FirstByte(head) != partial.size()) {
        throw Error(ErrorCode::kIo, pull.id.Text() + ": " + file.path +
                                        ": the server sent another part of the file than was "
                                        "asked for");
      }
      // A server that knows no ranges sends the whole file.
      if (head.status != 206) Clear(partial, pull.meter);
    }
    const auto num_bytes = static_cast<int64_t>(bytes.size());
    if (num_bytes > file.size - partial.size()) {
      Clear(partial, pull.meter);
      throw Error(ErrorCode::kCorrupt, pull.id.Text() + ": " + file.path +
                                           ": the server sends more than the " +
                                           std::to_string(file.size) + " bytes it announced");
    }
    partial.Append(bytes);
    pull.meter.Fetched(num_bytes);
  };
  return client.Get(FileUrl(file, pull), partial.size(), sink);
}

// Fetch until `partial` has the file's size.
void FetchAll(HttpClient& client, const RemoteFile& file, const PullContext& pull,
              PartialFile& partial) {
  Attempts attempts;
  while (partial.size() < file.size) {
    const int64_t before = partial.size();
    HttpResponse response = FetchRest(client, file, pull, partial);
    if (partial.size() == file.size) return;
    if (response.ok()) {
      // The connection was closed in good order, but early.
      response.failure = "the transfer ended after " + std::to_string(partial.size()) + " of " +
                         std::to_string(file.size) + " bytes";
      response.transient = true;
    }
    if (pull.stop) throw Stopped();
    if (attempts.Again(response, partial.size() > before)) continue;
    ThrowHttpError(response, pull.id, file.path, pull.options);
  }
}

void FetchVerified(HttpClient& client, const RemoteFile& file, const PullContext& pull) {
  const std::string blob = pull.layout.Blob(file.hash);
  const FileLock lock(pull.layout.Lock(file.hash));
  if (HasContent(blob, file.size, file.hash)) {
    pull.meter.Found(file.size);
    return;
  }
  const std::string working = blob + ".incomplete";
  PartialFile partial(working);
  if (partial.size() > file.size) partial.Clear();
  pull.meter.Found(partial.size());
  bool resumed = partial.size() > 0;
  for (;;) {
    FetchAll(client, file, pull, partial);
    const std::string found = ContentHash(working, file.hash.size());
    if (found == file.hash) break;
    Clear(partial, pull.meter);
    // What was there from before may be to blame, so once from the beginning.
    if (!std::exchange(resumed, false)) {
      throw Error(ErrorCode::kCorrupt,
                  pull.id.Text() + ": " + file.path + ": the content that came has " +
                      (file.hash.size() == 64 ? "SHA-256 " : "git hash ") + found +
                      ", but the hub says " + file.hash +
                      "; nothing of it was kept (does something between here and the hub change "
                      "files?)");
    }
  }
  partial.Commit(blob);
}

}  // namespace

void FetchBlob(HttpClient& client, const RemoteFile& file, const PullContext& pull) try {
  FetchVerified(client, file, pull);
  pull.meter.FileDone();
} catch (const Stopped&) {
}

}  // namespace vecmill

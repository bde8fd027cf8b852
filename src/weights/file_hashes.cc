#include "weights/file_hashes.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include "base/checksum.h"
#include "base/new_file.h"
#include "base/sha256.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Two seconds is the coarsest clock of a file system in use, FAT's.
constexpr int64_t kSettledNs = 3'000'000'000;

constexpr size_t kHashDigits = 64;

std::string NameOf(const FileStatus& status) {
  return std::to_string(status.device) + "-" + std::to_string(status.inode) + "-" +
         std::to_string(status.size) + "-" + std::to_string(status.modified_ns) + "-" +
         std::to_string(status.changed_ns) + ".sha256";
}

std::string Entry(const std::string& name, const std::string& hash) {
  const std::string both = name + hash;
  return hash + " " + std::to_string(Checksum64(std::as_bytes(std::span(both)))) + "\n";
}

std::optional<std::string> Recall(const std::string& folder, const std::string& name) {
  try {
    const MappedFile entry(folder + "/" + name);
    const std::string hash(entry.text().substr(0, kHashDigits));
    if (entry.status().IsOurs() && entry.text() == Entry(name, hash)) return hash;
  } catch (const Error&) {  // not there, or not to be read: as if it were not there
  }
  return std::nullopt;
}

bool IsSettled(const FileStatus& status) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return std::max(status.modified_ns, status.changed_ns) < now_ns - kSettledNs;
}

void Remember(const std::string& folder, const std::string& name, const std::string& hash) {
  static std::atomic<int64_t> count = 0;
  const std::string path = folder + "/" + name;
  const std::string working =
      path + "." + std::to_string(getpid()) + "." + std::to_string(++count) + ".tmp";
  try {
    NewFile file(path, working);
    const std::string entry = Entry(name, hash);
    file.Write(std::as_bytes(std::span(entry)));
    file.Commit();
  } catch (const Error&) {  // it costs the next process time
  }
}

}  // namespace

std::string FileHashes::Sha256(const MappedFile& file) const {
  if (folder_.empty()) return Sha256Hex(file.bytes());
  const std::string name = NameOf(file.status());
  if (std::optional<std::string> hash = Recall(folder_, name)) return *hash;
  const std::string hash = Sha256Hex(file.bytes());
  if (IsSettled(file.status())) Remember(folder_, name, hash);
  return hash;
}

}  // namespace vecmill

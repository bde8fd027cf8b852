#include "weights/array_file.h"

#include <bit>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "base/checked_math.h"
#include "base/checksum.h"
#include "base/json.h"
#include "base/new_file.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "vmarray1";
constexpr int64_t kAlignment = 64;

// What comes before the header.
struct Prefix {
  char magic[8];
  int64_t header_bytes;
  uint64_t header_checksum;
  int64_t file_bytes;
};
static_assert(sizeof(Prefix) == 32);

// Zero bytes from `offset` to the next array.
int64_t PaddingAt(int64_t offset) { return (kAlignment - offset % kAlignment) % kAlignment; }

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::span<const std::byte> BytesOf(const PrivateArrays::Array& array) {
  return {array.bytes.get(), static_cast<size_t>(array.num_bytes)};
}

std::string ChecksumText(std::span<const std::byte> bytes) {
  return std::to_string(Checksum64(bytes));
}

}  // namespace

void WriteArrayFile(const std::string& path, const std::string& key,
                    const std::vector<PrivateArrays::Array>& arrays) {
  Json::Array listed;
  for (const PrivateArrays::Array& array : arrays) {
    listed.push_back(Json::Array{array.name, array.num_bytes, ChecksumText(BytesOf(array))});
  }
  const std::string header = Json(Json::Object{{"key", key}, {"arrays", listed}}).Dump();
  Prefix prefix = {.header_bytes = std::ssize(header),
                   .header_checksum = Checksum64(BytesOf(header)),
                   .file_bytes = static_cast<int64_t>(sizeof(Prefix)) + std::ssize(header)};
  kMagic.copy(prefix.magic, sizeof prefix.magic);
  int64_t end = prefix.file_bytes;
  for (const PrivateArrays::Array& array : arrays) {
    prefix.file_bytes += PaddingAt(prefix.file_bytes) + array.num_bytes;
  }

  const std::byte zeros[kAlignment] = {};
  NewFile file(path, path + ".tmp");
  file.Write(std::as_bytes(std::span(&prefix, 1)));
  file.Write(BytesOf(header));
  for (const PrivateArrays::Array& array : arrays) {
    const int64_t padding = PaddingAt(end);
    file.Write({zeros, static_cast<size_t>(padding)});
    file.Write(BytesOf(array));
    end += padding + array.num_bytes;
  }
  file.Commit();
}

MappedArrays::MappedArrays(const std::string& path, const std::string& key)
    : file_(std::make_shared<const MappedFile>(path)) {
  if (!file_->status().IsOurs()) ThrowCorrupt("other users may write to it");
  Prefix prefix;
  constexpr auto kPrefixBytes = static_cast<int64_t>(sizeof prefix);
  if (file_->size() < kPrefixBytes) ThrowCorrupt("is too short");
  std::memcpy(&prefix, file_->bytes().data(), sizeof prefix);
  if (std::string_view(prefix.magic, sizeof prefix.magic) != kMagic) {
    ThrowCorrupt("does not begin with " + std::string(kMagic));
  }
  if (prefix.file_bytes != file_->size() || prefix.header_bytes < 0 ||
      prefix.header_bytes > file_->size() - kPrefixBytes) {
    ThrowCorrupt("has " + std::to_string(file_->size()) + " bytes, expected " +
                 std::to_string(prefix.file_bytes) + " with a header of " +
                 std::to_string(prefix.header_bytes));
  }
  const std::string header(
      file_->text().substr(sizeof prefix, static_cast<size_t>(prefix.header_bytes)));
  if (Checksum64(BytesOf(header)) != prefix.header_checksum) ThrowCorrupt("its header is damaged");
  ReadHeader(header, key);
}

void MappedArrays::ReadHeader(const std::string& header, const std::string& key) {
  const std::string where = file_->path() + ": header";
  const Json json = ParseJson(header, where);
  if (json.GetString("key", where) != key) ThrowCorrupt("was made of something else");
  std::optional<int64_t> end = static_cast<int64_t>(sizeof(Prefix)) + std::ssize(header);
  for (const Json& listed : json.GetArray("arrays", where)) {
    if (!listed.is_array() || listed.array().size() != 3 || !listed.array()[0].is_string() ||
        !listed.array()[1].is_int() || !listed.array()[2].is_string()) {
      ThrowCorrupt("its header lists " + listed.Describe() + " for an array");
    }
    Array array{.name = listed.array()[0].string(),
                .begin = *end + PaddingAt(*end),
                .num_bytes = listed.array()[1].integer(),
                .checksum = listed.array()[2].string()};
    end = CheckedAdd(array.begin, array.num_bytes);
    if (array.num_bytes < 0 || !end || *end > file_->size()) {
      ThrowCorrupt("array '" + array.name + "' goes beyond the end");
    }
    arrays_.push_back(std::move(array));
  }
}

std::shared_ptr<const std::byte> MappedArrays::TakeBytes(
    const std::string& name, int64_t num_bytes, const std::function<void(std::byte*)>& /*fill*/) {
  if (exhausted()) ThrowCorrupt("has no array '" + name + "'");
  const Array& array = arrays_[next_];
  if (array.name != name || array.num_bytes != num_bytes) {
    ThrowCorrupt("has array '" + array.name + "' of " + std::to_string(array.num_bytes) +
                 " bytes, expected '" + name + "' of " + std::to_string(num_bytes));
  }
  const std::span<const std::byte> bytes = file_->bytes().subspan(
      static_cast<size_t>(array.begin), static_cast<size_t>(array.num_bytes));
  if (ChecksumText(bytes) != array.checksum) ThrowCorrupt("array '" + name + "' is damaged");
  ++next_;
  return {file_, bytes.data()};
}

void MappedArrays::ThrowCorrupt(const std::string& why) const {
  throw Error(ErrorCode::kCorrupt, file_->path() + ": " + why);
}

}  // namespace vecmill

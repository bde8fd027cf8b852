// The order of the checks keeps every number that comes from the file from being used before it was
// compared with the file's size: header length, then JSON (whose parser limits depth), then each
// tensor by itself, then all tensors sorted by their place, which finds holes and overlaps at once.
#include "weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/checked_math.h"
#include "base/json.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr int64_t kLengthBytes = 8;
// The format allows 100 MB. A tensor takes about 100 bytes, so this is room for 160,000.
constexpr int64_t kMaxHeaderBytes = 16 << 20;
constexpr int kMaxHeaderDepth = 4;
constexpr int64_t kMaxNameBytes = 1024;
constexpr int64_t kMaxTensors = 1'000'000;
constexpr int64_t kMaxDims = 8;

struct KnownDtype {
  const char* name;
  int64_t bits;
};
constexpr KnownDtype kKnownDtypes[] = {
    {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
    {"I64", 64},        {"U64", 64},
};

[[noreturn]] void ThrowCorrupt(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, where + ": " + why);
}

std::optional<int64_t> DtypeBits(const std::string& dtype) {
  for (const KnownDtype& known : kKnownDtypes) {
    if (dtype == known.name) return known.bits;
  }
  return std::nullopt;
}

// Length of the JSON header in bytes, checked against the file.
int64_t HeaderBytes(const MappedFile& file) {
  if (file.size() < kLengthBytes) {
    ThrowCorrupt(file.path(), "the file has " + std::to_string(file.size()) +
                                  " bytes, too few for a safetensors file, which begins with 8 "
                                  "bytes of header length");
  }
  uint64_t length = 0;
  std::memcpy(&length, file.bytes().data(), sizeof length);
  const std::string found =
      "the first 8 bytes give a header of " + std::to_string(length) + " bytes";
  if (length > static_cast<uint64_t>(kMaxHeaderBytes)) {
    ThrowCorrupt(file.path(), found + ", expected at most " + std::to_string(kMaxHeaderBytes) +
                                  "; this is no safetensors file or a damaged one");
  }
  const int64_t rest = file.size() - kLengthBytes;
  if (static_cast<int64_t>(length) > rest) {
    ThrowCorrupt(file.path(),
                 found + ", but only " + std::to_string(rest) + " follow; the file is cut off");
  }
  return static_cast<int64_t>(length);
}

Json ParseHeader(const MappedFile& file, int64_t header_bytes) {
  const std::string_view text = file.text().substr(kLengthBytes, static_cast<size_t>(header_bytes));
  if (text.empty() || text.front() != '{') {
    ThrowCorrupt(file.path(), "the header does not begin with '{'; this is no safetensors file");
  }
  Json header = ParseJson(text, file.path() + ": header",
                          {.max_bytes = kMaxHeaderBytes, .max_depth = kMaxHeaderDepth});
  if (std::ssize(header.object()) > kMaxTensors) {
    ThrowCorrupt(file.path(), std::to_string(header.object().size()) +
                                  " tensors, expected at most " + std::to_string(kMaxTensors));
  }
  return header;
}

void CheckMetadata(const Json& metadata, const std::string& where) {
  if (!metadata.is_object()) {
    ThrowCorrupt(where, "expected an object of strings, found " + metadata.Describe());
  }
  for (const auto& [key, value] : metadata.object()) {
    if (!value.is_string()) {
      ThrowCorrupt(where, key + ": expected a string, found " + value.Describe());
    }
  }
}

std::vector<int64_t> ReadNumbers(const Json& entry, const char* key, const std::string& where) {
  std::vector<int64_t> numbers;
  for (const Json& number : entry.GetArray(key, where)) {
    if (!number.is_int() || number.integer() < 0) {
      ThrowCorrupt(
          where, std::string(key) + ": expected whole numbers from 0, found " + number.Describe());
    }
    numbers.push_back(number.integer());
  }
  return numbers;
}

// Size of the data that dtype and shape ask for; nullopt for a dtype the format does not know.
std::optional<int64_t> ExpectedBytes(const Tensor& tensor) {
  const std::optional<int64_t> width = DtypeBits(tensor.dtype);
  if (!width) return std::nullopt;
  const std::optional<int64_t> count = CheckedNumElements(tensor.shape);
  const std::optional<int64_t> bits = count ? CheckedMul(*count, *width) : std::nullopt;
  if (!bits || *bits % 8 != 0) {
    ThrowCorrupt(tensor.Where(), "shape " + ShapeText(tensor.shape) + " of " + tensor.dtype +
                                     (bits ? " does not fill whole bytes" : " is too large"));
  }
  return *bits / 8;
}

// `data` is the part of the file behind the header.
Tensor ReadEntry(const std::string& name, const Json& entry, std::span<const std::byte> data,
                 const std::shared_ptr<const MappedFile>& file) {
  if (std::ssize(name) > kMaxNameBytes) {
    ThrowCorrupt(file->path(), "a tensor's name is " + std::to_string(name.size()) +
                                   " bytes long, expected at most " +
                                   std::to_string(kMaxNameBytes));
  }
  Tensor tensor;
  tensor.name = name;
  tensor.file = file;
  const std::string where = tensor.Where();
  if (!entry.is_object()) ThrowCorrupt(where, "expected an object, found " + entry.Describe());
  tensor.dtype = entry.GetString("dtype", where);
  tensor.shape = ReadNumbers(entry, "shape", where);
  if (std::ssize(tensor.shape) > kMaxDims) {
    ThrowCorrupt(where, std::to_string(tensor.shape.size()) + " dimensions, expected at most " +
                            std::to_string(kMaxDims));
  }

  const std::vector<int64_t> offsets = ReadNumbers(entry, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > std::ssize(data)) {
    ThrowCorrupt(
        where,
        "data_offsets " + ShapeText(offsets) + ", expected [begin, end] within the " +
            std::to_string(data.size()) + " bytes of data" +
            (offsets.size() == 2 && offsets[0] <= offsets[1] ? "; the file is cut off or damaged"
                                                             : ""));
  }
  const int64_t found_bytes = offsets[1] - offsets[0];
  const std::optional<int64_t> expected_bytes = ExpectedBytes(tensor);
  if (expected_bytes && *expected_bytes != found_bytes) {
    ThrowCorrupt(where, "data_offsets " + ShapeText(offsets) + " hold " +
                            std::to_string(found_bytes) + " bytes, but shape " +
                            ShapeText(tensor.shape) + " of " + tensor.dtype + " takes " +
                            std::to_string(*expected_bytes));
  }
  tensor.bytes = data.subspan(static_cast<size_t>(offsets[0]), static_cast<size_t>(found_bytes));
  return tensor;
}

// Sort by place and require that the tensors cover `data` from end to end, each byte once.
void CheckCoverage(std::vector<Tensor>& tensors, std::span<const std::byte> data,
                   const std::string& path) {
  const auto begin = [&](const Tensor& t) { return t.bytes.data() - data.data(); };
  std::sort(tensors.begin(), tensors.end(), [&](const Tensor& a, const Tensor& b) {
    return std::pair(begin(a), a.bytes.size()) < std::pair(begin(b), b.bytes.size());
  });
  int64_t end = 0;
  for (const Tensor& tensor : tensors) {
    if (begin(tensor) != end) {
      ThrowCorrupt(tensor.Where(), "its data begins at byte " + std::to_string(begin(tensor)) +
                                       ", expected " + std::to_string(end) +
                                       ", where the tensor before it ends");
    }
    end += std::ssize(tensor.bytes);
  }
  if (end != std::ssize(data)) {
    ThrowCorrupt(path, std::to_string(data.size()) + " bytes of data, but the tensors take " +
                           std::to_string(end) + "; the file is damaged or something was appended");
  }
}

}  // namespace

std::vector<Tensor> ReadSafetensors(const std::shared_ptr<const MappedFile>& file) {
  const int64_t header_bytes = HeaderBytes(*file);
  const Json header = ParseHeader(*file, header_bytes);
  const auto data = file->bytes().subspan(static_cast<size_t>(kLengthBytes + header_bytes));

  std::vector<Tensor> tensors;
  tensors.reserve(header.object().size());
  for (const auto& [name, entry] : header.object()) {
    if (name == "__metadata__") {
      CheckMetadata(entry, file->path() + ": __metadata__");
    } else {
      tensors.push_back(ReadEntry(name, entry, data, file));
    }
  }
  CheckCoverage(tensors, data, file->path());
  return tensors;
}

std::vector<Tensor> ReadSafetensors(const std::string& path) {
  return ReadSafetensors(std::make_shared<const MappedFile>(path));
}

}  // namespace vecmill

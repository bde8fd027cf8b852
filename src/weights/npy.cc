#include "weights/npy.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/checked_math.h"
#include "base/json.h"
#include "vecmill/error.h"
#include "weights/tensor.h"

namespace vecmill {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxDimensions = 8;

struct Dtype {
  std::string_view name;
  int64_t bytes;
};
constexpr Dtype kDtypes[] = {{"|u1", 1}, {"|i1", 1}, {"<f4", 4}, {"<f8", 8}};

// Reads the header, which is a dict as Python prints it:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (512, 256), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  NpyArray Read() {
    NpyArray array;
    Expect("{");
    bool has_dtype = false;
    bool has_order = false;
    bool has_shape = false;
    while (!Take("}")) {
      const std::string_view key = TakeString();
      Expect(":");
      if (key == "descr" && !has_dtype) {
        has_dtype = true;
        array.dtype = TakeDtype();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        RefuseFortran();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        array.shape = TakeShape();
      } else {
        Fail("found key " + Json(std::string(key)).Describe());
      }
      if (!Take(",") && !rest_.starts_with("}")) Fail("expected ','");
    }
    if (!has_dtype || !has_order || !has_shape) {
      Fail("expected descr, fortran_order and shape");
    }
    SkipSpaces();
    if (!rest_.empty()) Fail("found more behind the header");
    return array;
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(ErrorCode::kCorrupt, where_ + ": header: " + what);
  }

  void SkipSpaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }

  bool Take(std::string_view text) {
    SkipSpaces();
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    SkipSpaces();
    return true;
  }

  void Expect(std::string_view text) {
    if (!Take(text)) Fail("expected '" + std::string(text) + "'");
  }

  std::string_view TakeString() {
    if (!rest_.starts_with("'")) Fail("expected a string in quotes");
    const size_t end = rest_.find('\'', 1);
    if (end == rest_.npos) Fail("a string does not end");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    SkipSpaces();
    return text;
  }

  std::string TakeDtype() {
    if (rest_.starts_with("[")) {
      throw Error(ErrorCode::kUnsupported, where_ + ": is an array of records, expected numbers");
    }
    const std::string_view name = TakeString();
    if (name.find('O') != name.npos) {
      throw Error(ErrorCode::kUnsupported,
                  where_ +
                      ": is an array of Python objects, which is not read: opening it can run "
                      "code");
    }
    const bool known = std::any_of(std::begin(kDtypes), std::end(kDtypes),
                                   [&](const Dtype& dtype) { return dtype.name == name; });
    if (!known) {
      throw Error(ErrorCode::kUnsupported, where_ + ": is of dtype " +
                                               Json(std::string(name)).Describe() +
                                               "; this build reads |u1, |i1, <f4 and <f8");
    }
    return std::string(name);
  }

  void RefuseFortran() {
    if (Take("False")) return;
    Expect("True");
    throw Error(ErrorCode::kUnsupported,
                where_ + ": is stored column by column (fortran_order), expected row by row");
  }

  std::vector<int64_t> TakeShape() {
    std::vector<int64_t> shape;
    Expect("(");
    while (!Take(")")) {
      int64_t size = -1;
      const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (parsed.ec != std::errc() || size < 0) Fail("expected a size");
      rest_.remove_prefix(static_cast<size_t>(parsed.ptr - rest_.data()));
      shape.push_back(size);
      if (shape.size() > kMaxDimensions) Fail("found more than 8 dimensions");
      if (!Take(",") && !rest_.starts_with(")")) Fail("expected ','");
    }
    return shape;
  }

  std::string_view rest_;
  const std::string& where_;
};

std::optional<int64_t> NumBytes(const NpyArray& array) {
  const std::optional<int64_t> count = CheckedNumElements(array.shape);
  if (!count) return std::nullopt;
  for (const Dtype& dtype : kDtypes) {
    if (dtype.name == array.dtype) return CheckedMul(*count, dtype.bytes);
  }
  return std::nullopt;
}

}  // namespace

NpyArray ReadNpy(std::string_view file, const std::string& where) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kCorrupt, where + ": " + what);
  };
  constexpr size_t kVersionBytes = 2;
  if (!file.starts_with(kMagic) || file.size() < kMagic.size() + kVersionBytes) {
    fail("is no array of numpy's");
  }
  const int version = static_cast<unsigned char>(file[kMagic.size()]);
  if (version < 1 || version > 3) fail("is of version " + std::to_string(version));
  file.remove_prefix(kMagic.size() + kVersionBytes);

  const size_t length_bytes = version == 1 ? 2 : 4;
  if (file.size() < length_bytes) fail("ends before its header");
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(file[i]);
  }
  file.remove_prefix(length_bytes);
  if (length > file.size()) {
    fail("ends in its header: found " + std::to_string(file.size()) + " bytes, expected " +
         std::to_string(length));
  }
  NpyArray array = HeaderReader(file.substr(0, length), where).Read();
  file.remove_prefix(length);
  const std::optional<int64_t> expected = NumBytes(array);
  if (expected != std::ssize(file)) {
    fail("found " + std::to_string(file.size()) + " bytes of data, expected " +
         (expected ? std::to_string(*expected) : "more than there can be") + " for shape " +
         ShapeText(array.shape) + " of " + array.dtype);
  }
  array.bytes = file;
  return array;
}

}  // namespace vecmill

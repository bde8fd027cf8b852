// What the interface promises of buffers (that offsets ascend, that views stay inside) is the
// producer's word, as it is for every consumer of it: nothing here could check a pointer.
#include "python/arrow_text.h"

#include <cstring>
#include <string>

#include "vecmill/error.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowArgument(const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, "texts: " + why);
}

// Row i of the array's buffers is element offset + i of each.
class Buffers {
 public:
  explicit Buffers(const ArrowArray& array) : array_(array) {}

  bool IsNull(int64_t i) const {
    const auto* bits = static_cast<const uint8_t*>(array_.buffers[0]);
    const int64_t k = array_.offset + i;
    return bits != nullptr && ((bits[k / 8] >> (k % 8)) & 1) == 0;
  }

  template <typename T>
  const T* At(int64_t buffer, int64_t i) const {
    return static_cast<const T*>(array_.buffers[buffer]) + array_.offset + i;
  }

  const char* Bytes(int64_t buffer) const {
    return static_cast<const char*>(array_.buffers[buffer]);
  }

 private:
  const ArrowArray& array_;
};

std::string_view MakeView(const char* begin, int64_t size) {
  return size == 0 ? std::string_view() : std::string_view(begin, static_cast<size_t>(size));
}

template <typename Offset>
void AppendStrings(const ArrowArray& array, std::vector<TextRow>& rows) {
  const Buffers buffers(array);
  for (int64_t i = 0; i < array.length; ++i) {
    if (buffers.IsNull(i)) {
      rows.emplace_back(std::nullopt);
      continue;
    }
    const Offset* offsets = buffers.At<Offset>(1, i);
    rows.emplace_back(MakeView(buffers.Bytes(2) + offsets[0], offsets[1] - offsets[0]));
  }
}

// 16 bytes a row: up to 12 bytes of text itself, or its buffer and place.
struct StringView {
  int32_t size;
  char prefix[4];
  int32_t buffer;
  int32_t offset;
};
static_assert(sizeof(StringView) == 16);

void AppendViews(const ArrowArray& array, std::vector<TextRow>& rows) {
  constexpr int32_t kMaxInline = 12;
  const Buffers buffers(array);
  for (int64_t i = 0; i < array.length; ++i) {
    if (buffers.IsNull(i)) {
      rows.emplace_back(std::nullopt);
      continue;
    }
    const auto* view = buffers.At<StringView>(1, i);
    const char* begin =
        view->size <= kMaxInline ? view->prefix : buffers.Bytes(2 + view->buffer) + view->offset;
    rows.emplace_back(MakeView(begin, view->size));
  }
}

void AppendRows(const ArrowSchema& schema, const ArrowArray& array, std::vector<TextRow>& rows);

template <typename Index>
void AppendIndexed(const ArrowArray& array, std::span<const TextRow> words,
                   std::vector<TextRow>& rows) {
  const Buffers buffers(array);
  for (int64_t i = 0; i < array.length; ++i) {
    if (buffers.IsNull(i)) {
      rows.emplace_back(std::nullopt);
      continue;
    }
    const auto index = static_cast<size_t>(*buffers.At<Index>(1, i));
    if (index >= words.size()) ThrowArgument("an index beyond the dictionary's end");
    rows.push_back(words[index]);
  }
}

void AppendDictionary(const ArrowSchema& schema, const ArrowArray& array,
                      std::vector<TextRow>& rows) {
  std::vector<TextRow> words;
  AppendRows(*schema.dictionary, *array.dictionary, words);
  switch (schema.format[0]) {
    case 'c':
      return AppendIndexed<int8_t>(array, words, rows);
    case 'C':
      return AppendIndexed<uint8_t>(array, words, rows);
    case 's':
      return AppendIndexed<int16_t>(array, words, rows);
    case 'S':
      return AppendIndexed<uint16_t>(array, words, rows);
    case 'i':
      return AppendIndexed<int32_t>(array, words, rows);
    case 'I':
      return AppendIndexed<uint32_t>(array, words, rows);
    case 'l':
    case 'L':
      return AppendIndexed<int64_t>(array, words, rows);
    default:
      ThrowArgument(std::string("a dictionary with indices of Arrow format '") + schema.format +
                    "'");
  }
}

void AppendRows(const ArrowSchema& schema, const ArrowArray& array, std::vector<TextRow>& rows) {
  rows.reserve(rows.size() + static_cast<size_t>(array.length));
  if (schema.dictionary != nullptr) return AppendDictionary(schema, array, rows);
  const std::string_view format = schema.format;
  if (format == "n") {
    rows.resize(rows.size() + static_cast<size_t>(array.length));
  } else if (format == "u" || format == "z") {
    AppendStrings<int32_t>(array, rows);
  } else if (format == "U" || format == "Z") {
    AppendStrings<int64_t>(array, rows);
  } else if (format == "vu" || format == "vz") {
    AppendViews(array, rows);
  } else {
    ThrowArgument("an array of Arrow format '" + std::string(format) +
                  "', expected text: string, large_string, string_view, binary or a dictionary of "
                  "one of these");
  }
}

}  // namespace

void ArrowText::Add(const ArrowSchema& schema, ArrowPtr<ArrowArray> array) {
  AppendRows(schema, *array, rows_);
  arrays_.push_back(std::move(array));
}

void ArrowText::AddAll(ArrowPtr<ArrowArrayStream> stream) {
  const auto check = [&](int code) {
    if (code == 0) return;
    const char* why = stream->get_last_error(stream.get());
    throw Error(ErrorCode::kIo, std::string("texts: the Arrow stream failed: ") +
                                    (why != nullptr ? why : std::strerror(code)));
  };
  ArrowPtr<ArrowSchema> schema(new ArrowSchema{});
  check(stream->get_schema(stream.get(), schema.get()));
  while (true) {
    ArrowPtr<ArrowArray> array(new ArrowArray{});
    check(stream->get_next(stream.get(), array.get()));
    if (array->release == nullptr) return;
    Add(*schema, std::move(array));
  }
}

}  // namespace vecmill

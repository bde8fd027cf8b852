// python/arrow_text.h: a column of text that another library owns, read where it lies.
//
// Source: the Arrow C data interface and its PyCapsules ("arrow_array", "arrow_array_stream"):
//         https://arrow.apache.org/docs/format/CDataInterface.html
// Types:  string, large_string, string_view, binary, large_binary, binary_view, null, and
//         dictionaries of these; others are refused by name.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "vecmill/embedder.h"

// The structures of the interface, whose layout it fixes.
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
  int (*get_next)(ArrowArrayStream*, ArrowArray* out);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};
}

namespace vecmill {

// Frees what it points to as the interface demands, then the structure itself.
struct ReleaseArrow {
  template <typename T>
  void operator()(T* released) const {
    if (released->release != nullptr) released->release(released);
    delete released;
  }
};
template <typename T>
using ArrowPtr = std::unique_ptr<T, ReleaseArrow>;

// Takes the content of a structure that its producer gave away.
template <typename T>
ArrowPtr<T> TakeArrow(T* given) {
  ArrowPtr<T> taken(new T(*given));
  given->release = nullptr;
  return taken;
}

// Rows whose bytes stay in the arrays that were added.
class ArrowText {
 public:
  // Append the rows of an array. Errors: kInvalidArgument for a type that is not text or buffers
  // that are missing.
  void Add(const ArrowSchema& schema, ArrowPtr<ArrowArray> array);
  // Append the rows of all arrays of a stream. Errors: the same; kIo, what the stream says.
  void AddAll(ArrowPtr<ArrowArrayStream> stream);

  std::span<const TextRow> rows() const { return rows_; }

 private:
  std::vector<ArrowPtr<ArrowArray>> arrays_;
  std::vector<TextRow> rows_;
};

}  // namespace vecmill

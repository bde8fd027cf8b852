// base/array_store.h: arrays that are filled once and then only read, as weights are, wherever they
// lie: in memory of this process, or in a file that processes share (weights/array_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace vecmill {

// Keeps what holds its values alive. Cheap to copy; thread-safe.
template <typename T>
class ConstArray {
 public:
  ConstArray() = default;
  ConstArray(std::shared_ptr<const T> values, int64_t size)
      : values_(std::move(values)), size_(size) {}

  const T* data() const { return values_.get(); }
  int64_t size() const { return size_; }
  const T& operator[](int64_t i) const { return values_.get()[i]; }

 private:
  std::shared_ptr<const T> values_;
  int64_t size_ = 0;
};

// One thread at a time.
class ArrayStore {
 public:
  virtual ~ArrayStore() = default;

  // The next array, of `size` values of a trivial T, aligned to 64 bytes. `fill(T* values)` writes
  // every one of them; it is not called where they are known already, from an earlier time that
  // took the same arrays in the same order. `name` is for that to be recognised.
  // Errors: std::bad_alloc, those of `fill`, those of the store.
  template <typename T, typename Fill>
  ConstArray<T> Take(const std::string& name, int64_t size, const Fill& fill) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (size < 0 || size > INT64_MAX / static_cast<int64_t>(sizeof(T))) throw std::bad_alloc();
    if (size == 0) return {};
    const auto bytes = TakeBytes(name, size * static_cast<int64_t>(sizeof(T)),
                                 [&](std::byte* p) { fill(reinterpret_cast<T*>(p)); });
    return {std::reinterpret_pointer_cast<const T>(bytes), size};
  }

 private:
  virtual std::shared_ptr<const std::byte> TakeBytes(
      const std::string& name, int64_t num_bytes, const std::function<void(std::byte*)>& fill) = 0;
};

// Memory of this process.
class PrivateArrays final : public ArrayStore {
 public:
  struct Array {
    std::string name;
    int64_t num_bytes;
    std::shared_ptr<const std::byte> bytes;
  };

  // Those taken so far, in their order; kept until this goes.
  const std::vector<Array>& arrays() const { return arrays_; }

 private:
  std::shared_ptr<const std::byte> TakeBytes(const std::string& name, int64_t num_bytes,
                                             const std::function<void(std::byte*)>& fill) override;

  std::vector<Array> arrays_;
};

}  // namespace vecmill

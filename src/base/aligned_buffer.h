// base/aligned_buffer.h: memory for vector instructions.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace vecmill {

// An owned array of trivial T, aligned to 64 bytes (a cache line, a 512-bit register),
// uninitialised. Large buffers ask the kernel for huge pages. Errors: std::bad_alloc.
template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t size);

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) { return data_.get()[i]; }
  const T& operator[](int64_t i) const { return data_.get()[i]; }

  // Have room for `size` values at least; growing loses what was there.
  void Reserve(int64_t size) {
    if (size_ < size) *this = AlignedBuffer(size);
  }

 private:
  struct Free {
    void operator()(T* p) const;
  };
  std::unique_ptr<T[], Free> data_;
  int64_t size_ = 0;
};

// Allocate `num_bytes` (> 0) aligned to 64 bytes; over 2 MiB aligned to 2 MiB and advised for huge
// pages.
void* AllocateAligned(int64_t num_bytes);
void FreeAligned(void* p) noexcept;

template <typename T>
AlignedBuffer<T>::AlignedBuffer(int64_t size) : size_(size) {
  if (size < 0 || size > INT64_MAX / static_cast<int64_t>(sizeof(T))) throw std::bad_alloc();
  if (size > 0) {
    data_.reset(static_cast<T*>(AllocateAligned(size * static_cast<int64_t>(sizeof(T)))));
  }
}

template <typename T>
void AlignedBuffer<T>::Free::operator()(T* p) const {
  FreeAligned(p);
}

}  // namespace vecmill

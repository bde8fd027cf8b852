#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>

#include "base/check.h"

namespace vecmill {
namespace {

constexpr size_t kCacheLineBytes = 64;
constexpr size_t kHugePageBytes = size_t{2} << 20;  // x86-64 and most arm64 kernels

}  // namespace

void* AllocateAligned(int64_t num_bytes) {
  VECMILL_CHECK(num_bytes > 0);
  const auto size = static_cast<size_t>(num_bytes);
  const bool huge = size > kHugePageBytes;
  void* p = nullptr;
  if (posix_memalign(&p, huge ? kHugePageBytes : kCacheLineBytes, size) != 0)
    throw std::bad_alloc();
  // Advice only: where the kernel has no huge pages, small ones do.
  if (huge) madvise(p, size, MADV_HUGEPAGE);
  return p;
}

void FreeAligned(void* p) noexcept { std::free(p); }

}  // namespace vecmill

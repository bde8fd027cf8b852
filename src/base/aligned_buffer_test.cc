#include "base/aligned_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

namespace vecmill {
namespace {

uintptr_t Address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

TEST(AlignedBuffer, AlignsToACacheLineOrAHugePage) {
  for (int64_t size : {1, 15, 16, 17, 1000, 500'000}) {
    AlignedBuffer<float> buffer(size);
    EXPECT_EQ(buffer.size(), size);
    EXPECT_EQ(Address(buffer.data()) % 64, 0u) << size;
  }
  AlignedBuffer<float> large(3 << 20);
  EXPECT_EQ(Address(large.data()) % (2 << 20), 0u);
}

TEST(AlignedBuffer, HoldsWhatIsWritten) {
  AlignedBuffer<int32_t> buffer(1'000'003);
  for (int64_t i = 0; i < buffer.size(); ++i) buffer[i] = static_cast<int32_t>(i);
  AlignedBuffer<int32_t> moved = std::move(buffer);
  for (int64_t i = 0; i < moved.size(); ++i) ASSERT_EQ(moved[i], i);
}

TEST(AlignedBuffer, OfNothingIsEmpty) {
  EXPECT_EQ(AlignedBuffer<float>().data(), nullptr);
  EXPECT_EQ(AlignedBuffer<float>(0).data(), nullptr);
}

TEST(AlignedBuffer, ImpossibleSizesAreBadAlloc) {
  EXPECT_THROW(AlignedBuffer<float>(-1), std::bad_alloc);
  EXPECT_THROW(AlignedBuffer<double>(INT64_MAX), std::bad_alloc);
  EXPECT_THROW(AlignedBuffer<double>(INT64_MAX / 8), std::bad_alloc);
}

}  // namespace
}  // namespace vecmill

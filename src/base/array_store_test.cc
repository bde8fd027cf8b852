#include "base/array_store.h"

#include <gtest/gtest.h>

namespace vecmill {
namespace {

TEST(PrivateArraysTest, ArraysOutliveTheStoreAndAreListedInOrder) {
  ConstArray<float> floats;
  ConstArray<uint8_t> bytes;
  {
    PrivateArrays store;
    floats = store.Take<float>("floats", 3, [](float* values) {
      for (int i = 0; i < 3; ++i) values[i] = static_cast<float>(i);
    });
    bytes = store.Take<uint8_t>("bytes", 1, [](uint8_t* values) { values[0] = 7; });
    ASSERT_EQ(store.arrays().size(), 2U);
    EXPECT_EQ(store.arrays()[0].name, "floats");
    EXPECT_EQ(store.arrays()[0].num_bytes, 12);
    EXPECT_EQ(store.arrays()[1].num_bytes, 1);
    EXPECT_EQ(std::to_integer<int>(*store.arrays()[1].bytes), 7);
  }
  EXPECT_EQ(floats.size(), 3);
  EXPECT_EQ(floats[2], 2.0f);
  EXPECT_EQ(bytes[0], 7);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(floats.data()) % 64, 0U);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0U);
}

TEST(PrivateArraysTest, NoValuesTakeNoArray) {
  PrivateArrays store;
  const auto none = store.Take<float>("none", 0, [](float*) { FAIL(); });
  EXPECT_EQ(none.size(), 0);
  EXPECT_TRUE(store.arrays().empty());
}

TEST(PrivateArraysTest, SizesNoMemoryHasAreRefused) {
  PrivateArrays store;
  const auto fill = [](float*) { FAIL(); };
  EXPECT_THROW(store.Take<float>("negative", -1, fill), std::bad_alloc);
  EXPECT_THROW(store.Take<float>("huge", INT64_MAX / 2, fill), std::bad_alloc);
}

}  // namespace
}  // namespace vecmill

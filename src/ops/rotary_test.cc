#include "ops/rotary.h"

#include <cmath>
#include <vector>

#include "ops/ops_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

class RotaryTest : public EveryTarget {
 protected:
  PrivateArrays store;
};
VECMILL_FOR_EVERY_TARGET(RotaryTest);

TEST_P(RotaryTest, EqualsTheTwin) {
  for (int64_t head_dim : {2, 12, 32, 64, 70}) {
    const RotaryTable table(store, "angles", 50, head_dim, 10000.0);
    const std::vector<int64_t> offsets = {0, 1, 14, 64};
    TestMatrix actual = TestMatrix::Random(64, 3 * 2 * head_dim, 1);
    TestMatrix expected = actual;
    Rotate(table, offsets, actual.view());
    RefRotate(table, offsets, expected.view());
    for (int64_t i = 0; i < actual.size(); ++i) {
      // Values are below 8; each product and their sum round once.
      ASSERT_NEAR(actual.data()[i], expected.data()[i], 3.0 * 8.0 * kEps) << i;
    }
  }
}

TEST_P(RotaryTest, KeepsLengthsFirstTokensAndValues) {
  constexpr int64_t kHeadDim = 16;
  const RotaryTable table(store, "angles", 9, kHeadDim, 160000.0);
  const TestMatrix before = TestMatrix::Random(9, 3 * kHeadDim, 2);
  TestMatrix after = before;
  Rotate(table, std::vector<int64_t>{0, 9}, after.view());
  EXPECT_TRUE(SameBits(before.view().Row(0), after.view().Row(0), 3 * kHeadDim));
  for (int64_t t = 1; t < 9; ++t) {
    EXPECT_TRUE(SameBits(before.view().Row(t) + 32, after.view().Row(t) + 32, kHeadDim)) << t;
    EXPECT_FALSE(SameBits(before.view().Row(t), after.view().Row(t), kHeadDim)) << t;
    for (int64_t i = 0; i < kHeadDim / 2; ++i) {
      const double length = std::hypot(before.at(t, i), before.at(t, i + 8));
      EXPECT_NEAR(std::hypot(after.at(t, i), after.at(t, i + 8)), length, 1e-6 * (1.0 + length));
    }
  }
}

TEST(RotaryTableTest, HoldsTheAnglesOfThePaper) {
  PrivateArrays store;
  const RotaryTable table(store, "angles", 4000, 8, 10000.0);
  for (int64_t position : {0, 1, 17, 3999}) {
    for (int64_t i = 0; i < 4; ++i) {
      const double angle =
          static_cast<double>(position) * std::pow(10000.0, -2.0 * static_cast<double>(i) / 8.0);
      // An f32 angle is off by some 1e-7 of itself.
      EXPECT_NEAR(table.Cos(position)[i], std::cos(angle), 1e-6 + 3e-7 * angle);
      EXPECT_NEAR(table.Sin(position)[i], std::sin(angle), 1e-6 + 3e-7 * angle);
    }
  }
}

TEST_P(RotaryTest, SizesThatDisagreeAreABug) {
  const RotaryTable table(store, "angles", 3, 16, 10000.0);
  TestMatrix qkv(4, 48);
  EXPECT_THROW(Rotate(table, std::vector<int64_t>{0, 4}, qkv.view()), Error);
  TestMatrix narrow(3, 40);
  EXPECT_THROW(Rotate(table, std::vector<int64_t>{0, 3}, narrow.view()), Error);
}

}  // namespace
}  // namespace vecmill

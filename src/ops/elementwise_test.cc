#include "ops/elementwise.h"

#include "ops/ops_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

class ElementwiseTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(ElementwiseTest);

TEST_P(ElementwiseTest, AddsAndMultipliesEachElement) {
  for (int64_t cols : {1, 15, 16, 17, 48, 70}) {
    const TestMatrix a = TestMatrix::Random(5, cols, 1, 1.0f, 3);
    const TestMatrix b = TestMatrix::Random(5, cols, 2, 1.0f, 7);
    TestMatrix sum = a;
    TestMatrix product = a;
    AddTo(b.view(), sum.view());
    MultiplyBy(b.view(), product.view());
    for (int64_t t = 0; t < 5; ++t) {
      for (int64_t i = 0; i < cols; ++i) {
        ASSERT_EQ(sum.at(t, i), a.at(t, i) + b.at(t, i)) << t << " " << i;
        ASSERT_EQ(product.at(t, i), a.at(t, i) * b.at(t, i)) << t << " " << i;
      }
      EXPECT_TRUE(SameBits(sum.view().Row(t) + cols, a.view().Row(t) + cols, 3)) << "padding";
    }
  }
}

TEST_P(ElementwiseTest, ShapesThatDisagreeAreABug) {
  TestMatrix a(2, 3);
  TestMatrix b(2, 4);
  EXPECT_THROW(AddTo(a.view(), b.view()), Error);
  EXPECT_THROW(MultiplyBy(a.view(), b.view()), Error);
}

}  // namespace
}  // namespace vecmill

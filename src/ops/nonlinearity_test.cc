#include "ops/nonlinearity.h"

#include <cmath>
#include <limits>
#include <vector>

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

class NonlinearityTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(NonlinearityTest);

// A fine grid over the curve, the ends of the polynomial's range, tiny and huge values.
std::vector<float> Inputs() {
  std::vector<float> inputs = {0.0f, -0.0f, 1e-38f, -1e-38f, 1e-6f, 5.25f, -5.25f, 1e4f, -1e4f};
  for (int i = -120000; i <= 120000; ++i) inputs.push_back(static_cast<float>(i) * 1e-4f);
  return inputs;
}

TEST_P(NonlinearityTest, GelusAndSiluAreWithinTheBoundOfTheirHeader) {
  const std::vector<float> inputs = Inputs();
  for (Nonlinearity f : {Nonlinearity::kGelu, Nonlinearity::kGeluTanh, Nonlinearity::kSilu}) {
    std::vector<float> values = inputs;
    ApplyNonlinearity(f, values.data(), static_cast<int64_t>(values.size()));
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto x = static_cast<double>(inputs[i]);
      ASSERT_NEAR(values[i], RefNonlinearity(f, x), 4e-7 * std::abs(x) + 1e-44)
          << "x " << inputs[i] << " function " << static_cast<int>(f);
    }
  }
}

TEST_P(NonlinearityTest, TanhIsWithinTheBoundOfItsHeader) {
  const std::vector<float> inputs = Inputs();
  std::vector<float> values = inputs;
  ApplyNonlinearity(Nonlinearity::kTanh, values.data(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_NEAR(values[i], RefNonlinearity(Nonlinearity::kTanh, static_cast<double>(inputs[i])),
                4e-7)
        << "x " << inputs[i];
  }
}

TEST_P(NonlinearityTest, ReluIsExact) {
  std::vector<float> values = Inputs();
  const std::vector<float> inputs = values;
  ApplyNonlinearity(Nonlinearity::kRelu, values.data(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(values[i], inputs[i] > 0.0f ? inputs[i] : 0.0f);
  }
}

TEST_P(NonlinearityTest, EveryLengthGivesTheSameAndTouchesNoMore) {
  const TestMatrix inputs = TestMatrix::Random(1, 64, 1, 2.0f);
  TestMatrix whole = inputs;
  ApplyNonlinearity(Nonlinearity::kGelu, whole.data(), 64);
  for (int64_t size = 0; size <= 64; ++size) {
    TestMatrix part = inputs;
    ApplyNonlinearity(Nonlinearity::kGelu, part.data(), size);
    EXPECT_TRUE(SameBits(part.data(), whole.data(), size)) << size;
    EXPECT_TRUE(SameBits(part.data() + size, inputs.data() + size, 64 - size)) << size;
  }
}

}  // namespace
}  // namespace vecmill

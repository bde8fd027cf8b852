#include "ops/gemm.h"

#include <cmath>
#include <vector>

#include "ops/ops_fixture.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

struct Sizes {
  int64_t m;
  int64_t n;
  int64_t k;
};

// One, around tiles (2, 6, 8 rows), blocks of panels (16, 48 columns) and steps of the depth (4),
// the linear layers of the tiny and of a real model, primes.
const std::vector<Sizes> kShapes = {
    {1, 1, 1},     {1, 16, 16},   {2, 15, 3},     {5, 17, 31},   {6, 32, 48},    {7, 33, 1},
    {11, 31, 64},  {12, 48, 193}, {13, 47, 191},  {19, 144, 48}, {29, 80, 48},   {23, 48, 80},
    {37, 20, 385}, {6, 40, 1153}, {25, 384, 384}, {3, 97, 1536}, {131, 61, 769}, {0, 16, 16},
};

class GemmTest : public EveryTarget {
 protected:
  GemmWorkspace workspace;
};
VECMILL_FOR_EVERY_TARGET(GemmTest);

PackedMatrix Packed(const TestMatrix& weight, const TestMatrix& bias) {
  PrivateArrays store;
  return {store, "weight", weight.view().rows, weight.view().cols,
          [&](PackedMatrix::Packer& packer) { packer.SetRows(0, weight.view(), bias.data()); }};
}

TEST_P(GemmTest, EqualsTheTwinWithinTheBoundOfItsHeader) {
  for (const auto& [m, n, k] : kShapes) {
    SCOPED_TRACE(testing::Message() << "M " << m << " N " << n << " K " << k);
    const TestMatrix a = TestMatrix::Random(m, k, 1, 1.0f, /*padding=*/3);
    const TestMatrix weight = TestMatrix::Random(n, k, 2, 0.5f, /*padding=*/1);
    const TestMatrix bias = TestMatrix::Random(1, n, 3);
    TestMatrix actual(m, n, /*padding=*/5);
    TestMatrix expected(m, n);
    Gemm(a.view(), Packed(weight, bias), Nonlinearity::kNone, workspace, actual.view());
    RefGemm(a.view(), weight.view(), bias.data(), Nonlinearity::kNone, expected.view());
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double magnitude = std::abs(static_cast<double>(bias.at(0, j)));
        for (int64_t x = 0; x < k; ++x) {
          magnitude +=
              std::abs(static_cast<double>(a.at(i, x)) * static_cast<double>(weight.at(j, x)));
        }
        ASSERT_NEAR(actual.at(i, j), expected.at(i, j),
                    static_cast<double>(k + 1) * kEps * magnitude)
            << "row " << i << " column " << j;
      }
    }
  }
}

TEST_P(GemmTest, RowHasTheSameBitsAloneAndAmongAnyOthers) {
  constexpr int64_t kRows = 40;
  const TestMatrix a = TestMatrix::Random(kRows, 401, 4);
  const TestMatrix weight = TestMatrix::Random(50, 401, 5);
  const TestMatrix bias = TestMatrix::Random(1, 50, 6);
  const PackedMatrix packed = Packed(weight, bias);
  TestMatrix together(kRows, 50);
  Gemm(a.view(), packed, Nonlinearity::kGelu, workspace, together.view());
  for (int64_t begin = 0; begin < kRows; begin += 3) {
    for (int64_t rows : {1, 2, 5, 13}) {
      if (begin + rows > kRows) continue;
      TestMatrix part(rows, 50);
      const ConstMatrix source{a.view().Row(begin), rows, 401, 401};
      Gemm(source, packed, Nonlinearity::kGelu, workspace, part.view());
      EXPECT_TRUE(SameBits(part.data(), together.view().Row(begin), rows * 50))
          << rows << " rows from " << begin;
    }
  }
}

TEST_P(GemmTest, GatheredRowsGiveTheBitsOfTheSameRowsInAMatrix) {
  const TestMatrix values = TestMatrix::Random(1, 400, 20);
  const TestMatrix weight = TestMatrix::Random(21, 90, 21);
  const TestMatrix bias = TestMatrix::Random(1, 21, 22);
  const PackedMatrix packed = Packed(weight, bias);
  const std::vector<int64_t> starts = {310, 0, 7, 8, 0, 150, 151, 299, 16};  // some overlap
  const auto rows = static_cast<int64_t>(starts.size());
  TestMatrix a(rows, 90);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(values.data() + starts[static_cast<size_t>(i)], 90, a.view().Row(i));
  }
  TestMatrix expected(rows, 21);
  TestMatrix found(rows, 21);
  Gemm(a.view(), packed, Nonlinearity::kRelu, workspace, expected.view());
  GemmGathered({.data = values.data(), .rows = rows, .cols = 90, .starts = starts.data()}, packed,
               Nonlinearity::kRelu, workspace, found.view());
  EXPECT_TRUE(SameBits(found, expected));
}

TEST_P(GemmTest, LeavesWhatLiesBetweenRowsAlone) {
  const TestMatrix a = TestMatrix::Random(14, 20, 7);
  const TestMatrix weight = TestMatrix::Random(21, 20, 8);
  const TestMatrix bias = TestMatrix::Random(1, 21, 9);
  TestMatrix c(14, 24);
  for (int64_t i = 0; i < c.size(); ++i) c.data()[i] = -7.0f;
  Gemm(a.view(), Packed(weight, bias), Nonlinearity::kRelu, workspace, {c.data(), 14, 21, 24});
  for (int64_t i = 0; i < 14; ++i) {
    for (int64_t j = 0; j < 24; ++j) {
      if (j < 21) {
        EXPECT_GE(c.at(i, j), 0.0f);
      } else {
        EXPECT_EQ(c.at(i, j), -7.0f);
      }
    }
  }
}

TEST_P(GemmTest, AppliesTheNonlinearityOnceAtTheEndOfTheDepth) {
  const TestMatrix a = TestMatrix::Random(9, 800, 10, 0.1f);
  const TestMatrix weight = TestMatrix::Random(35, 800, 11);
  const TestMatrix bias = TestMatrix::Random(1, 35, 12);
  const PackedMatrix packed = Packed(weight, bias);
  TestMatrix linear(9, 35);
  Gemm(a.view(), packed, Nonlinearity::kNone, workspace, linear.view());
  for (Nonlinearity f : {Nonlinearity::kGelu, Nonlinearity::kGeluTanh, Nonlinearity::kRelu}) {
    TestMatrix expected = linear;
    ApplyNonlinearity(f, expected.data(), expected.size());
    TestMatrix actual(9, 35);
    Gemm(a.view(), packed, f, workspace, actual.view());
    EXPECT_TRUE(SameBits(actual, expected)) << static_cast<int>(f);
  }
}

TEST(PackedMatrixTest, RowsSetInPartsEqualRowsSetTogether) {
  constexpr int64_t kDepth = 10;
  const TestMatrix weight = TestMatrix::Random(39, kDepth, 13);
  const TestMatrix bias = TestMatrix::Random(1, 39, 14);
  const PackedMatrix together = Packed(weight, bias);
  PrivateArrays store;
  const PackedMatrix parts(store, "parts", 39, kDepth, [&](PackedMatrix::Packer& packer) {
    for (int64_t begin = 0; begin < 39; begin += 13) {
      packer.SetRows(begin, {weight.view().Row(begin), 13, kDepth, kDepth}, bias.data() + begin);
    }
  });
  EXPECT_TRUE(SameBits(parts.panels(), together.panels(), 48 * kDepth));
  EXPECT_TRUE(SameBits(parts.bias(), together.bias(), 48));
  EXPECT_EQ(parts.num_bytes(), (48 * kDepth + 48) * 4);
}

TEST(PackedMatrixTest, SizesThatDisagreeAreABug) {
  const TestMatrix weight = TestMatrix::Random(8, 10, 15);
  const TestMatrix bias = TestMatrix::Random(1, 8, 16);
  PrivateArrays store;
  const auto set_all = [&](PackedMatrix::Packer& packer) {
    packer.SetRows(0, weight.view(), bias.data());
  };
  EXPECT_THROW(PackedMatrix(store, "wide", 8, 11, set_all), Error);
  EXPECT_THROW(PackedMatrix(store, "low", 7, 10, set_all), Error);
  const PackedMatrix zeros(store, "zeros", 8, 11, [](PackedMatrix::Packer&) {});
  TestMatrix c(8, 8);
  GemmWorkspace workspace;
  EXPECT_THROW(Gemm(weight.view(), zeros, Nonlinearity::kNone, workspace, c.view()), Error);
}

}  // namespace
}  // namespace vecmill

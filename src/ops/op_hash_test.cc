#include "ops/op_hash.h"

#include "ops/ops_fixture.h"

namespace vecmill {
namespace {

// Seen with AVX2 on an AMD Zen 3 and with NEON under qemu-aarch64. It changes when a kernel's
// arithmetic does, and must then be the same on every instruction set with fused multiply-add:
// AVX2, AVX-512, NEON (docs/numerics.md).
constexpr uint64_t kHashWithFusedMultiplyAdd = 9077148464640271367U;

class OpHashTest : public EveryTarget {};
VECMILL_FOR_EVERY_TARGET(OpHashTest);

TEST_P(OpHashTest, IsOneNumberWithFusedMultiplyAddAndAnotherWithout) {
  if (HasFusedMultiplyAdd(GetParam())) {
    EXPECT_EQ(OpHash::OfAllOps(), kHashWithFusedMultiplyAdd);
  } else {
    EXPECT_NE(OpHash::OfAllOps(), kHashWithFusedMultiplyAdd);
  }
}

TEST_P(OpHashTest, IsTheSameEveryTime) { EXPECT_EQ(OpHash::OfAllOps(), OpHash::OfAllOps()); }

}  // namespace
}  // namespace vecmill

#include "ops/machine_peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>

#include "ops/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/machine_peak.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "ops/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace vecmill {
namespace HWY_NAMESPACE {

// Twelve independent chains hide a latency of up to six cycles at two multiply-adds a cycle.
constexpr int kChains = 12;

// `chains` [kChains, 16] are the starts, different ones, or the compiler would see one chain in
// all; they come back, so that it cannot leave the loop out. x -> x / 2 + 1 / 2 tends to 1: no
// denormals, no infinities. Returns the operations done.
double MultiplyAddRegisters(int64_t steps, float* chains) {
  const VecTag d;
  Vec chain[kChains];
  VECMILL_UNROLL
  for (int i = 0; i < kChains; ++i) chain[i] = hn::LoadU(d, chains + i * kLanes);
  const Vec half = hn::Set(d, 0.5f);
  for (int64_t step = 0; step < steps; ++step) {
    VECMILL_UNROLL
    for (int i = 0; i < kChains; ++i) chain[i] = hn::MulAdd(chain[i], half, half);
  }
  VECMILL_UNROLL
  for (int i = 0; i < kChains; ++i) hn::StoreU(chain[i], d, chains + i * kLanes);
  return 2.0 * kChains * static_cast<double>(kVecLanes) * static_cast<double>(steps);
}

}  // namespace HWY_NAMESPACE
}  // namespace vecmill
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace vecmill {

HWY_EXPORT(MultiplyAddRegisters);

double MeasurePeakFlops() {
  float chains[12 * 16];
  for (size_t i = 0; i < std::size(chains); ++i) chains[i] = static_cast<float>(i);

  constexpr int kRounds = 20;
  constexpr int64_t kSteps = 80000;  // 0.15 ms at 3 GHz
  double peak = 0.0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const double flop = HWY_DYNAMIC_DISPATCH(MultiplyAddRegisters)(kSteps, chains);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    peak = std::max(peak, flop / elapsed.count());
  }
  return peak;
}

}  // namespace vecmill
#endif  // HWY_ONCE

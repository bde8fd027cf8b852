#include "nets/token_table.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace vecmill {

TokenTable::TokenTable(int64_t vocab, int64_t width, int64_t max_rows)
    : width_(width),
      max_rows_(static_cast<int32_t>(
          std::min<int64_t>({max_rows, vocab, std::numeric_limits<int32_t>::max() - 2}))),
      states_(static_cast<size_t>(vocab)),
      rows_(max_rows_ * width) {
  for (auto& state : states_) state.store(kAbsent, std::memory_order_relaxed);
}

const float* TokenTable::Find(int32_t id) const {
  // What was written before Publish is seen after this.
  const int32_t place = states_[static_cast<size_t>(id)].load(std::memory_order_acquire);
  return place >= 0 ? rows_.data() + place * width_ : nullptr;
}

float* TokenTable::Claim(int32_t id) {
  std::atomic<int32_t>& state = states_[static_cast<size_t>(id)];
  int32_t place = num_rows_.load(std::memory_order_relaxed);
  do {
    if (place >= max_rows_ || state.load(std::memory_order_relaxed) != kAbsent) return nullptr;
  } while (!num_rows_.compare_exchange_weak(place, place + 1, std::memory_order_relaxed));
  int32_t expected = kAbsent;
  // A thread that is a moment too late leaves its place empty.
  if (!state.compare_exchange_strong(expected, kFirstClaimed - place, std::memory_order_relaxed)) {
    return nullptr;
  }
  return rows_.data() + place * width_;
}

void TokenTable::Publish(int32_t id) {
  std::atomic<int32_t>& state = states_[static_cast<size_t>(id)];
  const int32_t claimed = state.load(std::memory_order_relaxed);
  VECMILL_CHECK(claimed <= kFirstClaimed);
  state.store(kFirstClaimed - claimed, std::memory_order_release);
}

}  // namespace vecmill

// nets/stage_clock.h: how long the stages of a forward pass take.
#pragma once

#include "base/stopwatch.h"

namespace vecmill {

// Adds the time since its last call, or since construction, to a stage.
class StageClock {
 public:
  void Add(double& stage_seconds) {
    const double now = watch_.Seconds();
    stage_seconds += now - last_;
    last_ = now;
  }

 private:
  Stopwatch watch_;
  double last_ = 0.0;
};

}  // namespace vecmill

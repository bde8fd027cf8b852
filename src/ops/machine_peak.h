// ops/machine_peak.h: how fast this machine multiplies, to judge all other speeds by.
#pragma once

namespace vecmill {

// Floating-point operations per second of one thread in f32 fused multiply-adds on registers alone
// (two per lane), with the instruction set the kernels of this room use. Takes about 10 ms; the
// fastest of several rounds, so that an interruption does not show.
double MeasurePeakFlops();

}  // namespace vecmill

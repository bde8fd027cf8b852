// cli/text_format.h: numbers and durations as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace vecmill {

std::string FormatCount(int64_t count);      // 63666 -> "63,666"
std::string FormatRate(double per_second);   // 1234.5 -> "1,235"; 12.34 -> "12.3"
std::string FormatDuration(double seconds);  // 3.21 -> "3.2 s"; 75 -> "1:15"; 3700 -> "1:01:40"
std::string FormatBytes(int64_t num_bytes);  // 91234567 -> "87.0 MiB"

}  // namespace vecmill

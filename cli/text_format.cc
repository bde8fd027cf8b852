#include "text_format.h"

#include <cmath>
#include <cstdio>

namespace vecmill {
namespace {

template <typename... Args>
std::string Print(const char* format, Args... args) {
  char text[64];
  std::snprintf(text, sizeof(text), format, args...);
  return text;
}

}  // namespace

std::string FormatCount(int64_t count) {
  std::string text = std::to_string(count);
  for (auto i = static_cast<int64_t>(text.size()) - 3; i > (count < 0 ? 1 : 0); i -= 3) {
    text.insert(static_cast<size_t>(i), ",");
  }
  return text;
}

std::string FormatRate(double per_second) {
  return per_second < 100 ? Print("%.1f", per_second) : FormatCount(std::llround(per_second));
}

std::string FormatDuration(double seconds) {
  if (seconds < 60) return Print("%.1f s", seconds);
  const int64_t whole = std::llround(seconds);
  const auto hours = static_cast<long long>(whole / 3600);
  const auto minutes = static_cast<long long>(whole / 60 % 60);
  const auto rest = static_cast<long long>(whole % 60);
  return hours > 0 ? Print("%lld:%02lld:%02lld", hours, minutes, rest)
                   : Print("%lld:%02lld", minutes, rest);
}

std::string FormatBytes(int64_t num_bytes) {
  return Print("%.1f MiB", static_cast<double>(num_bytes) / (1 << 20));
}

}  // namespace vecmill

#include "base/shard_name.h"

#include <algorithm>

namespace vecmill {

bool IsShardName(std::string_view name) noexcept {
  constexpr std::string_view kPattern = "model-#####-of-#####.safetensors";
  return std::equal(
      name.begin(), name.end(), kPattern.begin(), kPattern.end(),
      [](char c, char pattern) { return pattern == '#' ? c >= '0' && c <= '9' : c == pattern; });
}

}  // namespace vecmill

#include "weight_cache_option.h"

#include <cstdio>

namespace vecmill {

void AddWeightCacheOption(CLI::App& command, EmbedderOptions& options) {
  command
      .add_option("--weight-cache", options.weight_cache,
                  "Folder for packed weights: made there once, then loaded from there at once and "
                  "shared by all processes that give it. Changes speed and memory, never a vector")
      ->envname("VECMILL_WEIGHT_CACHE");
}

void WarnOfWeightCache(const std::string& problem) {
  if (problem.empty()) return;
  std::fprintf(stderr, "vecmill: warning: the weight cache is not used: %s\n", problem.c_str());
}

}  // namespace vecmill

// cli/weight_cache_option.h: --weight-cache, of all commands that load a model.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "vecmill/options.h"

namespace vecmill {

// Add the option, which the variable VECMILL_WEIGHT_CACHE gives too. `options` is kept.
void AddWeightCacheOption(CLI::App& command, EmbedderOptions& options);

// Tell why the cache is not used, if ModelDescription::weight_cache_problem says so.
void WarnOfWeightCache(const std::string& problem);

}  // namespace vecmill

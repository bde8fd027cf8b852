// base/shard_name.h: what the files of a sharded checkpoint are called.
#pragma once

#include <string_view>

namespace vecmill {

// Whether `name` is "model-#####-of-#####.safetensors", '#' a digit, as transformers'
// save_pretrained names shards. Such a name has no folder, so it cannot leave the one it is in.
bool IsShardName(std::string_view name) noexcept;

}  // namespace vecmill

// vecmill/options.h: what a caller may choose when loading a model.
#pragma once

#include <cstdint>
#include <optional>

namespace vecmill {

struct EmbedderOptions {
  // Worker threads; 0 means one for each CPU this process may run on.
  int num_threads = 0;
  // Tokens of one block, the unit of work that one thread takes through all layers. It changes
  // speed and memory, never a vector. A row longer than this is a block of its own.
  int64_t block_tokens = 256;
  // Scale vectors to unit length. Unset: as the model folder says.
  std::optional<bool> normalize;
};

}  // namespace vecmill

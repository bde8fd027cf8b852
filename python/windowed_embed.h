// python/windowed_embed.h: many rows embedded so that a caller can watch, and can stop it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "vecmill/embedder.h"

namespace vecmill {

// Embed `rows` [N] a window of some seconds at a time, two windows at once so that no worker waits
// for the end of one. `tick(rows_done)` is called on this thread some times a second; what it
// throws ends the run when the windows at work are done, and is rethrown. The result is what
// embedder.Embed(rows) would give, but for repeats of a text, which are found within a window.
Embeddings EmbedInWindows(Embedder& embedder, std::span<const TextRow> rows,
                          const std::function<void(int64_t rows_done)>& tick);

}  // namespace vecmill

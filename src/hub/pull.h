// hub/pull.h: a model from the hub into the cache.
#pragma once

#include <cstdint>
#include <string>

#include "hub/hub_options.h"
#include "hub/model_id.h"
#include "hub/transfer_meter.h"

namespace vecmill {

struct PulledModel {
  std::string folder;  // a model folder, to be given to Embedder::Load
  std::string commit;
  TransferProgress transfer;
};

// Fetch the files of `id` that a model folder needs (hub/needed_files.h) and are not in the cache
// yet, several at once, and verify every one, the old as well, by its hash. The revision is
// resolved once; all files are of that commit. The snapshot becomes visible when all of it is
// there; whatever ends the process before, the next pull goes on from what came. Offline: what the
// cache holds, unverified. Errors: kNotFound, kUnsupported (no safetensors, no tokenizer),
// kCorrupt, kIo, kInvalidArgument.
PulledModel PullModel(const HubOptions& options, const ModelId& id,
                      const TransferProgressFn& on_progress);

}  // namespace vecmill

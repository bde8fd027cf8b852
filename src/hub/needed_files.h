// hub/needed_files.h: which files of a repository make a model folder that vecmill reads.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// Of `paths`, in their order, those that a model folder needs: configurations, modules, tokenizer
// and safetensors weights, in the folder itself and in the folders that modules.json names. Never
// pickles, ONNX, TensorFlow or other weights, and no code. `modules_json` is the content of
// modules.json, nullopt if there is none. Weights are model.safetensors, or without it
// model.safetensors.index.json and its shards; `paths` with neither give none.
// Errors: kCorrupt for a modules.json that is none, naming `where`, or a folder in it that is not
// below the model's.
std::vector<std::string> NeededFiles(std::span<const std::string> paths,
                                     std::optional<std::string_view> modules_json,
                                     const std::string& where);

bool IsSafetensors(std::string_view path);

}  // namespace vecmill

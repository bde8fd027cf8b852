// hub/needed_files.h: which files of a repository make a model folder that vecmill reads.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// The folders of the model's modules, below its own, which is "". `modules_json` is the content of
// modules.json, nullopt if there is none: then the model's folder is its one module. Errors:
// kCorrupt for a modules.json that is none, naming `where`, or a folder in it that is not below the
// model's.
std::set<std::string> ModuleFolders(std::optional<std::string_view> modules_json,
                                    const std::string& where);

// Of `paths`, in their order, those that a model folder needs: configurations, modules, tokenizer
// and safetensors weights, in the folder itself and in `module_folders`. Never pickles, ONNX,
// TensorFlow or other weights, and no code. Weights are model.safetensors, or without it
// model.safetensors.index.json and its shards; `paths` with neither give none.
std::vector<std::string> NeededFiles(std::span<const std::string> paths,
                                     const std::set<std::string>& module_folders);

bool IsSafetensors(std::string_view path);

}  // namespace vecmill

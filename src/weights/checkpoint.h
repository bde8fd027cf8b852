// weights/checkpoint.h: the tensors of a model, in one safetensors file or in shards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mapped_file.h"
#include "weights/file_hashes.h"
#include "weights/tensor.h"

namespace vecmill {

// Constant after construction, thread-safe. Files stay mapped while the checkpoint or one of its
// tensors lives.
class Checkpoint {
 public:
  // Read model.safetensors of `folder`, or else model.safetensors.index.json and its shards.
  // Pickles (pytorch_model.bin and the like) are never read, and neither are ONNX or TensorFlow
  // files: kUnsupported, and the message says how to convert.
  // Errors: kNotFound, kCorrupt, kUnsupported, kIo.
  static Checkpoint Open(const std::string& folder);

  // model.safetensors or model.safetensors.index.json with its folder: how messages name this.
  const std::string& path() const { return path_; }

  // Tensor of that name, or nullptr.
  const Tensor* Find(std::string_view name) const;
  const std::vector<Tensor>& tensors() const { return tensors_; }

  // Hex SHA-256 of the weight file; of several shards, that of their hex hashes written one after
  // the other in the order of the file names. Reads every byte of those that `hashes` does not
  // remember.
  std::string Sha256(const FileHashes& hashes = FileHashes()) const;

 private:
  Checkpoint() = default;
  void OpenShards(const std::string& folder);

  std::string path_;
  std::vector<std::shared_ptr<const MappedFile>> files_;  // in the order of their names
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string_view, int64_t> index_;  // name -> position in tensors_
};

}  // namespace vecmill

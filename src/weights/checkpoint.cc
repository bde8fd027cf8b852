#include "weights/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>

#include "base/json.h"
#include "base/sha256.h"
#include "base/shard_name.h"
#include "vecmill/error.h"
#include "weights/model_file.h"
#include "weights/safetensors.h"

namespace vecmill {
namespace {

constexpr char kSingleFile[] = "model.safetensors";
constexpr char kIndexFile[] = "model.safetensors.index.json";

// File name endings of weights that other programs read.
constexpr std::string_view kForeignEndings[] = {".bin", ".pt",      ".pth",  ".ckpt",
                                                ".h5",  ".msgpack", ".onnx", ".gguf"};

// First file of the folder, by name, that holds weights in another format; "" if none.
std::string ForeignWeights(const std::string& folder) {
  std::string first;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool foreign =
        std::any_of(std::begin(kForeignEndings), std::end(kForeignEndings),
                    [&](std::string_view ending) { return name.ends_with(ending); });
    if (foreign && (first.empty() || name < first)) first = name;
  }
  return first;
}

[[noreturn]] void ThrowNoWeights(const std::string& folder) {
  const std::string foreign = ForeignWeights(folder);
  if (foreign.empty()) {
    throw Error(ErrorCode::kNotFound, folder + ": there is no " + kSingleFile + " and no " +
                                          kIndexFile + ", one of which must hold the weights");
  }
  throw Error(ErrorCode::kUnsupported,
              JoinPath(folder, foreign) +
                  ": weights are read from safetensors files only (a pickle can run code when it "
                  "is opened). To convert, once, in Python:\n"
                  "  from transformers import AutoModel\n"
                  "  model = AutoModel.from_pretrained('" +
                  folder +
                  "')\n"
                  "  model.save_pretrained('" +
                  folder + "', safe_serialization=True)");
}

[[noreturn]] void ThrowCorrupt(const std::string& where, const std::string& why) {
  throw Error(ErrorCode::kCorrupt, where + ": " + why);
}

// Tensor name -> shard file name, as the index has it.
std::map<std::string, std::string, std::less<>> ReadWeightMap(const Json& index,
                                                              const std::string& where) {
  std::map<std::string, std::string, std::less<>> shard_of;
  for (const auto& [name, shard] : index.GetObject("weight_map", where).object()) {
    if (!shard.is_string() || !IsShardName(shard.string())) {
      ThrowCorrupt(where, "weight_map: " + Json(name).Dump() + ": expected a file name like " +
                              "model-00001-of-00003.safetensors, found " + shard.Describe());
    }
    shard_of.emplace(name, shard.string());
  }
  return shard_of;
}

void CheckTotalSize(const Json& index, const std::vector<Tensor>& tensors,
                    const std::string& where) {
  const Json* metadata = index.Find("metadata");
  if (metadata == nullptr || metadata->Find("total_size") == nullptr) return;
  const int64_t expected = metadata->GetInt("total_size", where + ": metadata");
  int64_t found = 0;
  for (const Tensor& tensor : tensors) found += std::ssize(tensor.bytes);
  if (found == expected) return;
  ThrowCorrupt(where, "total_size is " + std::to_string(expected) + " bytes, but the shards hold " +
                          std::to_string(found));
}

}  // namespace

Checkpoint Checkpoint::Open(const std::string& folder) {
  Checkpoint checkpoint;
  if (ModelFileExists(folder, kSingleFile)) {
    checkpoint.path_ = JoinPath(folder, kSingleFile);
    checkpoint.files_ = {OpenModelFile(folder, kSingleFile)};
    checkpoint.tensors_ = ReadSafetensors(checkpoint.files_.front());
  } else if (ModelFileExists(folder, kIndexFile)) {
    checkpoint.path_ = JoinPath(folder, kIndexFile);
    checkpoint.OpenShards(folder);
  } else {
    ThrowNoWeights(folder);
  }
  for (size_t i = 0; i < checkpoint.tensors_.size(); ++i) {
    checkpoint.index_.emplace(checkpoint.tensors_[i].name, static_cast<int64_t>(i));
  }
  return checkpoint;
}

void Checkpoint::OpenShards(const std::string& folder) {
  const Json index = ReadModelJson(folder, kIndexFile);
  const auto shard_of = ReadWeightMap(index, path_);

  std::map<std::string, std::shared_ptr<const MappedFile>> shards;
  for (const auto& [name, shard] : shard_of) {
    if (shards[shard] == nullptr) shards[shard] = OpenModelFile(folder, shard);
  }
  for (const auto& [shard, file] : shards) {
    for (Tensor& tensor : ReadSafetensors(file)) {
      const auto entry = shard_of.find(tensor.name);
      if (entry == shard_of.end() || entry->second != shard) {
        ThrowCorrupt(tensor.Where(), std::string(kIndexFile) + " places this tensor in " +
                                         (entry == shard_of.end() ? "no shard" : entry->second));
      }
      tensors_.push_back(std::move(tensor));
    }
    files_.push_back(file);
  }
  // Every tensor found is where the index says, so if some are lacking the counts differ.
  if (tensors_.size() != shard_of.size()) {
    ThrowCorrupt(path_, "names " + std::to_string(shard_of.size()) +
                            " tensors, but the shards hold " + std::to_string(tensors_.size()));
  }
  CheckTotalSize(index, tensors_, path_);
}

const Tensor* Checkpoint::Find(std::string_view name) const {
  const auto entry = index_.find(name);
  return entry == index_.end() ? nullptr : &tensors_[static_cast<size_t>(entry->second)];
}

std::string Checkpoint::Sha256(const FileHashes& hashes) const {
  if (files_.size() == 1) return hashes.Sha256(*files_.front());
  std::string all;
  for (const auto& file : files_) all += hashes.Sha256(*file);
  return Sha256Hex(std::as_bytes(std::span(all)));
}

}  // namespace vecmill

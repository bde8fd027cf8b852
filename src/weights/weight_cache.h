// weights/weight_cache.h: packed weights in a folder, made once and shared by all processes.
//
//   FOLDER/HASH.packed        array_file.h; HASH is the SHA-256 of the key
//         /HASH.packed.lock   held (flock) while a process makes it; the others wait, then map it
//         /HASH.packed.tmp    until it is complete
//         /*.sha256           file_hashes.h
//
// A file that is damaged, cut short or of something else is made anew. Everything in the folder may
// be removed at any time; processes keep what they have mapped.
// Tested by weight_cache_test.cc.
#pragma once

#include <functional>
#include <string>

#include "base/array_store.h"
#include "weights/file_hashes.h"

namespace vecmill {

class WeightCache {
 public:
  // Where arrays are that were loaded.
  struct Place {
    std::string file;     // that they are mapped from; "" for memory of this process
    std::string problem;  // why they are there though there is a folder
  };

  // Every load is into memory of this process.
  WeightCache() = default;
  // Make `folder` for its owner alone, unless it is there, with what is above it. One that is not
  // there afterwards, or to which other users may write, is not used, and loads say why.
  explicit WeightCache(std::string folder);

  // Remembered in the folder.
  const FileHashes& hashes() const { return hashes_; }

  // Call `load` with a store, again with another one if that turns out to be damaged: what the last
  // call to return took from its store is what is to be used. A call that throws must leave what
  // an earlier one loaded as it is. REQUIRES: `key` says all that `load` depends on.
  // Errors: those of `load` into memory of this process.
  Place Load(const std::string& key, const std::function<void(ArrayStore&)>& load) const;

 private:
  std::string folder_;   // "" for none that can be used
  std::string problem_;  // why
  FileHashes hashes_;
};

}  // namespace vecmill

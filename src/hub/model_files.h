// hub/model_files.h: the files of a folder that a model is read from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vecmill {

struct ModelFile {
  std::string path;  // below the folder
  int64_t size = 0;  // bytes
  std::string sha256;
};

// What `folder` holds of hub/needed_files.h, by name. Reads every byte: about 0.1 s for 90 MB that
// were read before, on a processor with SHA instructions. Errors: kNotFound, kCorrupt, kIo.
std::vector<ModelFile> ListModelFiles(const std::string& folder);

}  // namespace vecmill

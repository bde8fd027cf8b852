// hub/model_source.h: from what a user calls a model to the folder it lies in.
#pragma once

#include <string>

namespace vecmill {

struct ModelSource {
  std::string folder;
  std::string id;        // "ORG/NAME" on the hub; "" when a folder was named
  std::string revision;  // commit; "" when a folder was named
};

// `model` is a path that exists, or else a model id (hub/model_id.h) found in the cache `cache`. No
// connection is made. Errors: kNotFound, which says how to fetch the model; as FindSnapshot.
ModelSource FindModel(const std::string& model, const std::string& cache);

}  // namespace vecmill

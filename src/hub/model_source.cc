#include "hub/model_source.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "hub/cache_layout.h"
#include "hub/model_id.h"
#include "vecmill/error.h"

namespace vecmill {

ModelSource FindModel(const std::string& model, const std::string& cache) {
  std::error_code error;
  if (std::filesystem::exists(model, error)) return {.folder = model};
  const std::optional<ModelId> id = ParseModelId(model);
  if (!id) {
    throw Error(ErrorCode::kNotFound,
                model +
                    ": no such folder (and no name of a hub's model, which is ORG/NAME or "
                    "ORG/NAME@REVISION)");
  }
  const std::optional<Snapshot> snapshot = FindSnapshot(cache, *id);
  if (!snapshot) {
    throw Error(ErrorCode::kNotFound, model + ": no such folder, and the hub cache " + cache +
                                          " does not hold " + id->Text() + "; `vecmill pull " +
                                          id->Text() + "` fetches it");
  }
  return {.folder = snapshot->folder, .id = id->repository, .revision = snapshot->commit};
}

}  // namespace vecmill

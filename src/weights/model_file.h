// weights/model_file.h: files of a model folder, opened so that the folder cannot reach outside.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "base/mapped_file.h"

namespace vecmill {

// `folder`/`name`, or `folder` itself for "". REQUIRES of the functions below: `name` was written
// by us or passed CheckRelativePath.
std::string JoinPath(const std::string& folder, const std::string& name);

// Refuse a path from a model file that is absolute, has a ".." part, a backslash or a NUL.
// Errors: kCorrupt, naming `where`.
void CheckRelativePath(const std::string& path, const std::string& where);

// True too for a link that leads nowhere and for what must not be looked at: opening says why.
bool ModelFileExists(const std::string& folder, const std::string& name);

// Refuse `name` of `folder` if links take it elsewhere: it must lead to something inside the folder
// or, as in a hub's cache (models--ORG--NAME/snapshots/COMMIT/x -> ../../blobs/y), inside the same
// models--* folder. `folder` itself may be a link. Errors: kNotFound, kIo; kCorrupt if it leads
// out.
void CheckInside(const std::string& folder, const std::string& name);

// Map `name` of `folder`, which must be inside.
// Errors: as CheckInside and MappedFile; kCorrupt for a Git LFS pointer.
std::shared_ptr<const MappedFile> OpenModelFile(const std::string& folder, const std::string& name);

// The same, parsed; at most 64 MiB, and the value must be an object.
Json ReadModelJson(const std::string& folder, const std::string& name);

}  // namespace vecmill

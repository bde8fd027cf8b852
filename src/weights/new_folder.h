// weights/new_folder.h: a folder that appears when it is complete.
#pragma once

#include <string>
#include <string_view>

namespace vecmill {

// Files are written into a hidden folder beside the one to be; what is not committed is removed.
class NewFolder {
 public:
  // Errors: kInvalidArgument if there is something at `path` already; kIo.
  explicit NewFolder(const std::string& path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  // Where the files are until Commit.
  const std::string& temporary_path() const { return temporary_; }

  // Write a file and flush it to the disk. Errors: kIo.
  void Write(const std::string& name, std::string_view content) const;

  // Give the folder its name. Errors: as the constructor.
  void Commit();

 private:
  std::string path_;
  std::string temporary_;
  bool committed_ = false;
};

}  // namespace vecmill

// weights/zip_archive.h: the files in a zip archive: a wheel, or numpy's npz.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

// Constant after construction, but not thread-safe.
class ZipArchive {
 public:
  // `bytes` must outlive this; `where` names them. Errors: kCorrupt.
  ZipArchive(std::string_view bytes, std::string where);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::string& where() const { return where_; }
  std::vector<std::string> Names() const;

  // The content of the file called `name`, whose checksum is compared; nothing if there is none.
  // Errors: kCorrupt; kUnsupported for more than 1 GiB, encryption and rare compressions.
  std::optional<std::string> Read(const std::string& name) const;

 private:
  struct Impl;
  std::string where_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vecmill

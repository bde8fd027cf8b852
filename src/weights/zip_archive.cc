#include "weights/zip_archive.h"

#include <zip.h>

#include <utility>

#include "vecmill/error.h"

namespace vecmill {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;

// The text of an error, which is released.
std::string TakeMessage(zip_error_t* error) {
  std::string message = zip_error_strerror(error);
  zip_error_fini(error);
  return message;
}

}  // namespace

struct ZipArchive::Impl {
  ~Impl() {
    if (archive != nullptr) zip_discard(archive);
  }

  [[noreturn]] void Throw(const std::string& where) const {
    zip_error_t* error = zip_get_error(archive);
    const int code = zip_error_code_zip(error);
    const bool foreign =
        code == ZIP_ER_COMPNOTSUPP || code == ZIP_ER_ENCRNOTSUPP || code == ZIP_ER_NOPASSWD;
    throw Error(foreign ? ErrorCode::kUnsupported : ErrorCode::kCorrupt,
                where + ": " + zip_error_strerror(error));
  }

  zip_t* archive = nullptr;
};

ZipArchive::ZipArchive(std::string_view bytes, std::string where)
    : where_(std::move(where)), impl_(std::make_unique<Impl>()) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
  if (source == nullptr) throw Error(ErrorCode::kCorrupt, where_ + ": " + TakeMessage(&error));
  impl_->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (impl_->archive == nullptr) {
    zip_source_free(source);
    throw Error(ErrorCode::kCorrupt, where_ + ": " + TakeMessage(&error));
  }
  zip_error_fini(&error);
}

ZipArchive::~ZipArchive() = default;

std::vector<std::string> ZipArchive::Names() const {
  std::vector<std::string> names;
  const zip_int64_t count = zip_get_num_entries(impl_->archive, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(impl_->archive, static_cast<zip_uint64_t>(i), 0);
    if (name == nullptr) impl_->Throw(where_);
    names.emplace_back(name);
  }
  return names;
}

std::optional<std::string> ZipArchive::Read(const std::string& name) const {
  const zip_int64_t index = zip_name_locate(impl_->archive, name.c_str(), 0);
  if (index < 0) return std::nullopt;
  const std::string where = where_ + ": " + name;
  zip_stat_t about;
  zip_stat_init(&about);
  if (zip_stat_index(impl_->archive, static_cast<zip_uint64_t>(index), 0, &about) != 0 ||
      (about.valid & ZIP_STAT_SIZE) == 0) {
    impl_->Throw(where);
  }
  if (about.size > kMaxFileBytes) {
    throw Error(ErrorCode::kUnsupported, where + ": is of " + std::to_string(about.size) +
                                             " bytes, expected at most " +
                                             std::to_string(kMaxFileBytes));
  }
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(impl_->archive, static_cast<zip_uint64_t>(index), 0), &zip_fclose);
  if (file == nullptr) impl_->Throw(where);
  // One byte more than there should be: the checksum is compared at the end of the data.
  std::string content(about.size + 1, '\0');
  zip_uint64_t size = 0;
  for (zip_int64_t num_read = 1; num_read > 0 && size < content.size();) {
    num_read = zip_fread(file.get(), content.data() + size, content.size() - size);
    if (num_read < 0) {
      throw Error(ErrorCode::kCorrupt,
                  where + ": " + zip_error_strerror(zip_file_get_error(file.get())));
    }
    size += static_cast<zip_uint64_t>(num_read);
  }
  if (size != about.size) {
    throw Error(ErrorCode::kCorrupt, where + ": found " + std::to_string(size) +
                                         " bytes, expected " + std::to_string(about.size));
  }
  content.resize(size);
  return content;
}

}  // namespace vecmill

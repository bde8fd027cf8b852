// weights/model_fixture.h: for tests: model folders that may be damaged, and safetensors written
// by hand.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "vecmill/error.h"
#include "weights/tensor.h"

namespace vecmill {

inline std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void WriteBytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.flush()) << path;
}

// A temporary folder, empty or a copy of tests/data/models/NAME, removed when this goes.
class TempFolder {
 public:
  explicit TempFolder(const std::string& copy_of_model = "") {
    std::string pattern = std::filesystem::temp_directory_path() / "vecmill-test-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    if (!copy_of_model.empty()) {
      std::filesystem::copy(std::filesystem::path(VECMILL_TEST_DATA) / "models" / copy_of_model,
                            path_, std::filesystem::copy_options::recursive);
    }
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// A safetensors file of this header and data.
inline std::string SafetensorsBytes(std::string_view header, std::string_view data) {
  const auto length = static_cast<uint64_t>(header.size());
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes.append(header).append(data);
}

// The same of copies of `tensors`, whose data is put one after the other.
inline std::string SafetensorsBytes(std::span<const Tensor> tensors) {
  Json header{Json::Object{}};
  std::string data;
  for (const Tensor& tensor : tensors) {
    const auto begin = static_cast<int64_t>(data.size());
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    Json::Array shape(tensor.shape.begin(), tensor.shape.end());
    header.Set(tensor.name, Json::Object{{"dtype", tensor.dtype},
                                         {"shape", std::move(shape)},
                                         {"data_offsets",
                                          Json::Array{begin, static_cast<int64_t>(data.size())}}});
  }
  return SafetensorsBytes(header.Dump(), data);
}

// Expect that `call` throws an Error of this code whose message has every one of `parts`.
template <typename Call>
void ExpectError(ErrorCode code, std::initializer_list<std::string_view> parts, Call call) {
  try {
    call();
    ADD_FAILURE() << "expected an error, got none";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    for (std::string_view part : parts) {
      EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
          << "no '" << part << "' in: " << error.what();
    }
  }
}

}  // namespace vecmill

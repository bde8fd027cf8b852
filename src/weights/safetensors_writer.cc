#include "weights/safetensors_writer.h"

#include <bit>
#include <cstring>

#include "base/json.h"

namespace vecmill {

std::string SafetensorsContent(const std::vector<NewTensor>& tensors) {
  static_assert(std::endian::native == std::endian::little);
  Json header{Json::Object{}};
  int64_t end = 0;
  for (const NewTensor& tensor : tensors) {
    const int64_t begin = end;
    end += std::ssize(tensor.bytes);
    header.Set(tensor.name,
               Json::Object{{"dtype", tensor.dtype},
                            {"shape", Json::Array(tensor.shape.begin(), tensor.shape.end())},
                            {"data_offsets", Json::Array{begin, end}}});
  }
  std::string text = header.Dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  const uint64_t length = text.size();
  std::string content(sizeof length, '\0');
  std::memcpy(content.data(), &length, sizeof length);
  content.reserve(sizeof length + text.size() + static_cast<size_t>(end));
  content += text;
  for (const NewTensor& tensor : tensors) content += tensor.bytes;
  return content;
}

}  // namespace vecmill

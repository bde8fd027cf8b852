// weights/safetensors_writer.h: writes the format that safetensors.h reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vecmill {

struct NewTensor {
  std::string name;
  std::string dtype;  // "F32", "U8"
  std::vector<int64_t> shape;
  std::string bytes;  // row-major, little-endian, as many as dtype and shape say
};

// The content of a file with these tensors, in their order.
std::string SafetensorsContent(const std::vector<NewTensor>& tensors);

}  // namespace vecmill

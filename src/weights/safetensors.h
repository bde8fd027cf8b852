// weights/safetensors.h: the safetensors file format.
//
//   u64 little-endian N | N bytes of JSON | data
//   JSON: {"__metadata__": {string: string}, NAME: {"dtype": "F32", "shape": [2, 3],
//          "data_offsets": [begin, end]}, ...}, offsets in bytes from the start of data
//
// Source: the format section of github.com/huggingface/safetensors, README.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "weights/tensor.h"

namespace vecmill {

// The tensors of the mapped `file`, in the order of their data. Every rule of the format is checked
// before anything is returned: header length, JSON of depth 3 without duplicate keys, names of at
// most 1 KiB, at most 8 dimensions and a million tensors, sizes that agree with dtype and shape,
// data without holes, overlaps or trailing bytes. A dtype the format does not know is passed on;
// using that tensor fails.
// Errors: kCorrupt, naming the file, the tensor, what was found and what was expected.
std::vector<Tensor> ReadSafetensors(const std::shared_ptr<const MappedFile>& file);

// The same for a file by name. Errors: also kNotFound, kIo.
std::vector<Tensor> ReadSafetensors(const std::string& path);

}  // namespace vecmill

// weights/tensor.h: one tensor of a weight file, not yet read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/array_store.h"
#include "base/mapped_file.h"

namespace vecmill {

// A view into a mapped weight file that keeps the mapping alive. Cheap to copy. The file's checks
// have passed: for a dtype of the format, `bytes` is as long as dtype and shape say.
struct Tensor {
  std::string name;
  std::string dtype;                 // as the file spells it: "F32", "F16", "BF16", "I64", ...
  std::vector<int64_t> shape;        // at most 8 dimensions, none negative; empty for a scalar
  std::span<const std::byte> bytes;  // row-major, little-endian, no alignment
  std::shared_ptr<const MappedFile> file;

  int64_t num_elements() const;

  // How messages name this: 'model.safetensors: tensor "embeddings.LayerNorm.bias"'.
  std::string Where() const;

  // Refuse a dtype that CopyF32 cannot read. Errors: kUnsupported, names the file and the tensor.
  void CheckReadable() const;

  // Write all elements to dst [num_elements()] as f32. F32, F16 and BF16 convert exactly.
  // Errors: kUnsupported for other dtypes; kCorrupt for a NaN or an infinity, naming its index.
  void CopyF32(float* dst) const;
  // The same into memory of its own. Errors: also std::bad_alloc.
  AlignedBuffer<float> ReadF32() const;
  // The same, or `size` zeros if there is no tensor, which a shape of no dimensions says.
  AlignedBuffer<float> ReadF32OrZeros(int64_t size) const;
  // Both in an array of `store`, called `array_name`. Errors: also those of the store.
  ConstArray<float> ReadF32(ArrayStore& store, const std::string& array_name) const;
  ConstArray<float> ReadF32OrZeros(int64_t size, ArrayStore& store,
                                   const std::string& array_name) const;

  // Write all elements, of dtype I32 or I64, to dst [num_elements()]. Errors: kUnsupported for
  // other dtypes; kCorrupt for one that is not in [0, end), naming its index.
  void CopyIndices(int64_t end, int32_t* dst) const;
};

// "[384, 1536]", as messages write shapes.
std::string ShapeText(std::span<const int64_t> shape);

}  // namespace vecmill

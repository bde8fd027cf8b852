// weights/npy.h: an array of numbers as numpy.save writes it.
//
// Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vecmill {

struct NpyArray {
  std::string dtype;           // "|u1", "|i1", "<f4" or "<f8"
  std::vector<int64_t> shape;  // empty for a scalar
  std::string bytes;           // row-major
};

// Read one array; `where` names it. Arrays of Python objects are never read: opening them can run
// code. Errors: kCorrupt, kUnsupported for another dtype or the order of Fortran.
NpyArray ReadNpy(std::string_view file, const std::string& where);

}  // namespace vecmill

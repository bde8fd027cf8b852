// nets/sentence_head.h: the linear layers of a sentence-transformers folder behind its pooling.
//
//   x = f(weight x + bias)      for each Dense module, one after the other
//
// Source:  sentence_transformers 6.2, modules.Dense.
// Threads: constant after construction; each thread brings its own Workspace.
// Tested by sentence_head_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/gemm.h"
#include "weights/model_folder.h"

namespace vecmill {

class SentenceHead {
 public:
  // Memory of one thread.
  struct Workspace {
    std::vector<float> values[2];
    GemmWorkspace gemm;
  };

  // The Dense modules of `folder`; none gives a head without layers. Errors: kNotFound, kCorrupt
  // (missing tensors, other shapes, a NaN or an infinity), kUnsupported, kIo, std::bad_alloc.
  explicit SentenceHead(const ModelFolder& folder);

  bool empty() const { return layers_.empty(); }
  int64_t out() const { return layers_.back().matrix.n(); }  // REQUIRES: not empty
  // Hex SHA-256 of the layers' weight files, one after the other.
  const std::string& weights_sha256() const { return weights_sha256_; }

  // What the layers make of src [in]: [out], in `workspace`. REQUIRES: not empty.
  const float* Apply(const float* src, Workspace& workspace) const;

 private:
  struct Layer {
    PackedMatrix matrix;
    Nonlinearity function;
  };

  std::vector<Layer> layers_;
  std::string weights_sha256_;
};

}  // namespace vecmill

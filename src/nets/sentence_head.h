// nets/sentence_head.h: what a sentence-transformers folder has behind its pooling.
//
//   x = f(weight x + bias)      for each Dense module, one after the other
//   x = layer norm of x         for each LayerNorm module among them
//
// Source:  sentence_transformers 6.2, modules.Dense and modules.LayerNorm.
// Threads: constant after construction; each thread brings its own Workspace.
// Tested by sentence_head_test.cc.
#pragma once

#include <cstdint>
#include <memory>
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

  // The head of `folder`; no module gives a head without layers. Errors: kNotFound, kCorrupt
  // (missing tensors, other shapes, a NaN or an infinity), kUnsupported, kIo, std::bad_alloc.
  explicit SentenceHead(const ModelFolder& folder);
  ~SentenceHead();

  bool empty() const { return layers_.empty(); }
  int64_t out() const { return layers_.back()->out(); }  // REQUIRES: not empty
  // Hex SHA-256 of the layers' weight files, one after the other.
  const std::string& weights_sha256() const { return weights_sha256_; }

  // What the layers make of src [in]: [out], in `workspace`. REQUIRES: not empty.
  const float* Apply(const float* src, Workspace& workspace) const;

 private:
  class Layer {
   public:
    virtual ~Layer() = default;
    virtual int64_t out() const = 0;
    // src [in], dst [out]
    virtual void Apply(const float* src, GemmWorkspace& workspace, float* dst) const = 0;
  };
  class Dense;
  class Norm;

  std::vector<std::unique_ptr<const Layer>> layers_;
  std::string weights_sha256_;
};

}  // namespace vecmill

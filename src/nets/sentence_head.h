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
#include <vector>

#include "base/array_store.h"
#include "ops/gemm.h"
#include "weights/checkpoint.h"
#include "weights/model_folder.h"

namespace vecmill {

class SentenceHead {
 public:
  // Memory of one thread.
  struct Workspace {
    std::vector<float> values[2];
    GemmWorkspace gemm;
  };

  // The weights of the modules of `folder`. Errors: as Checkpoint::Open.
  static std::vector<Checkpoint> OpenCheckpoints(const ModelFolder& folder);

  // The head of these modules, one checkpoint for each, with its weights in arrays of `store`; no
  // module gives a head without layers. Errors: kCorrupt (missing tensors, other shapes, a NaN or
  // an infinity), kUnsupported (dtype), std::bad_alloc, those of the store.
  SentenceHead(const std::vector<HeadModule>& modules, const std::vector<Checkpoint>& checkpoints,
               ArrayStore& store);
  ~SentenceHead();

  bool empty() const { return layers_.empty(); }
  int64_t out() const { return layers_.back()->out(); }  // REQUIRES: not empty

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
};

}  // namespace vecmill

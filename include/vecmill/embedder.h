// vecmill/embedder.h: rows of text in, vectors and per-row accounts out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vecmill/options.h"
#include "vecmill/stats.h"

namespace vecmill {

// One input text, borrowed; nullopt is a null row. Bytes that are not UTF-8 are allowed (see
// RowAccount).
using TextRow = std::optional<std::string_view>;

// What a loaded model is, for footers and summaries.
struct ModelDescription {
  std::string path;            // the folder it was loaded from
  std::string architecture;    // model_type of config.json: "bert"
  std::string weights_sha256;  // hex; of the weight file, or of the shards' hashes in name order
  std::string pooling;         // "mean", "cls" or "max"
  bool normalized = false;     // vectors are scaled to unit length
  int64_t dim = 0;             // length of a vector
  int64_t num_layers = 0;
  int64_t max_seq_length = 0;  // tokens of a row that are used, special tokens included
  int64_t weight_bytes = 0;    // memory the packed weights take
  double flop_per_token = 0;   // floating-point operations of the linear layers, per token
};

// A model ready to embed. Thread-safe: Embed may be called from several threads at once; calls
// share the worker threads, and a later call fills the workers that an earlier one leaves idle.
class Embedder {
 public:
  // Load the model of `folder` (sentence-transformers or plain transformers layout).
  // Errors: kNotFound, kCorrupt, kUnsupported (names what is not supported), kIo, kInvalidArgument.
  static std::unique_ptr<Embedder> Load(const std::string& folder, const EmbedderOptions& options);

  virtual ~Embedder() = default;

  virtual const ModelDescription& description() const = 0;
  virtual int num_threads() const = 0;

  // Embed `rows` [N]. Writes dst [N, dim] row-major f32 and accounts [N]; a null row's vector is
  // filled with zeros. A row's vector is a function of the row and the model alone: the same bits
  // whatever else is in `rows`, in any order, for any options and number of threads.
  // Both outputs are the caller's and must not overlap the rows. Errors: std::bad_alloc, kInternal.
  virtual void Embed(std::span<const TextRow> rows, float* dst, RowAccount* accounts) = 0;

  // Time spent by the worker threads since loading, by stage.
  virtual StageSeconds stage_seconds() const = 0;

  // Measure what the worker threads can do together in fp32, in GFLOP/s: fused multiply-adds on
  // registers alone, for some milliseconds. REQUIRES: no call to Embed is running.
  virtual double MeasurePeakGflops() = 0;
};

}  // namespace vecmill

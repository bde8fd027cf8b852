// vecmill/embedder.h: rows of text in, vectors and per-row accounts out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vecmill/options.h"
#include "vecmill/pooling.h"
#include "vecmill/similarity.h"
#include "vecmill/stats.h"
#include "vecmill/text_span.h"

namespace vecmill {

// One input text, borrowed; nullopt is a null row. Bytes that are not UTF-8 are allowed (see
// RowAccount).
using TextRow = std::optional<std::string_view>;

// A column of vectors that an embedder makes.
struct ColumnDescription {
  std::string name;
  std::string layers;  // the expression, as given
  Poolings poolings = {Pooling::kMean};
  bool normalized = false;             // vectors are scaled to unit length
  bool normalized_before_cut = false;  // they were until they were cut to dim values
  int64_t dim = 0;                     // length of a vector

  // A row has a vector for each of its tokens instead of one.
  bool per_token() const { return poolings.front() == Pooling::kNone; }
};

// What a loaded model is, for footers and summaries.
struct ModelDescription {
  std::string path;            // the folder it was loaded from
  std::string architecture;    // model_type of config.json: "bert"
  std::string weights_sha256;  // hex; of the weight file; of several, of their hashes in order
  std::vector<ColumnDescription> columns;  // as asked for, at least one
  std::string prompt;                      // goes before every text
  // Those that the model folder offers, (name, text).
  std::vector<std::pair<std::string, std::string>> prompts;
  Similarity similarity = Similarity::kCosine;
  int64_t hidden = 0;  // values of a token at each layer
  int64_t num_layers = 0;
  int64_t max_seq_length = 0;  // tokens of a row that are used, special tokens included
  int64_t chunk_tokens = 0;    // of a chunk, likewise; 0 unless EmbedderOptions::chunks
  int64_t chunk_overlap_tokens = 0;
  ChunkContext chunk_context = ChunkContext::kChunk;
  int64_t weight_bytes = 0;  // memory the packed weights take
  // The file of EmbedderOptions::weight_cache that they are mapped from, shared with every process
  // that does so; "" if they are in this process's own memory, and if there is a weight_cache then
  // why.
  std::string weight_cache_file;
  std::string weight_cache_problem;
  double flop_per_token = 0;  // of the linear layers that are computed; a multiplication and an
                              // addition are two
  double flop_per_row = 0;    // what comes once a row to that
  // The network makes one state of a row's tokens, [N, hidden]; there are no layers to choose.
  bool pools_tokens = false;
};

// What Embed makes of N rows.
struct Embeddings {
  struct Column {
    // [N, dim] row-major; zeros for rows without a vector. per_token: row i has vectors
    // [offsets[i], offsets[i + 1]) of values [offsets[N], dim], one for each of its tokens, none if
    // it has none.
    std::vector<float> values;
    std::vector<int64_t> offsets;  // [N + 1]; empty unless per_token
    // The vectors as an output of another dtype holds them (vecmill/dtype.h), one after the other;
    // Embed makes none.
    std::vector<uint8_t> quantized;
  };
  std::vector<Column> columns;       // as ModelDescription::columns
  std::vector<RowAccount> accounts;  // [N]
};

// A model ready to embed. Thread-safe: Embed may be called from several threads at once; calls
// share the worker threads, and a later call fills the workers that an earlier one leaves idle.
// Loading starts no thread; the first call does, and after a fork the first call in the child.
class Embedder {
 public:
  // Load the model of `folder` (sentence-transformers or plain transformers layout).
  // Errors: kNotFound, kCorrupt, kUnsupported (names what is not supported), kIo, kInvalidArgument.
  static std::unique_ptr<Embedder> Load(const std::string& folder, const EmbedderOptions& options);

  virtual ~Embedder() = default;

  // The same model with other options, without loading it again: both share what it holds in
  // memory, each has worker threads of its own. Errors: kInvalidArgument.
  virtual std::unique_ptr<Embedder> With(const EmbedderOptions& options) const = 0;

  virtual const ModelDescription& description() const = 0;
  virtual int num_threads() const = 0;

  // Embed `rows` [N]. A row's vector is a function of the row and the model alone: the same bits
  // whatever else is in `rows`, in any order, for any options and number of threads.
  // Errors: std::bad_alloc, kInternal.
  virtual Embeddings Embed(std::span<const TextRow> rows) = 0;

  // Cut each of `rows` [N] that has more tokens than a chunk may have, as EmbedderOptions::chunks
  // says: at white space, or inside a word of more tokens than that; never inside a code point. A
  // row that fits is one chunk, a null row none. A chunk's text fits as a row of its own, to be
  // given to Embed; but for a code point that has more tokens than fit. So does a context, to be
  // given to EmbedSpans. A function of the row, the model and the options alone. REQUIRES:
  // EmbedderOptions::chunks. Errors: std::bad_alloc, kInternal.
  virtual std::vector<std::vector<TextChunk>> CutIntoChunks(std::span<const TextRow> rows) = 0;

  // Embed parts of texts: vector i is pooled from the states of the tokens of rows[i] that stand
  // for its bytes spans[i], [N] both; docs/long_rows.md says which these are. A text goes through
  // the network once, however many of its spans are asked for. A vector is a function of text, span
  // and model alone, and that of a whole text is Embed's, bit for bit. In the accounts num_tokens
  // are the span's, computed_tokens and computed_chunks those of the text, in the first row that
  // has it; the others are the text's. Of a text that is cut, a span behind the cut has the last
  // token. REQUIRES: spans are within their texts; ChunkContext::kRow. Errors: as Embed.
  virtual Embeddings EmbedSpans(std::span<const TextRow> rows, std::span<const TextSpan> spans) = 0;

  // Time spent by this process's worker threads since loading, by stage.
  virtual StageSeconds stage_seconds() const = 0;

  // Measure what the worker threads can do together in fp32, in GFLOP/s: fused multiply-adds on
  // registers alone, for some milliseconds. REQUIRES: no call to Embed is running.
  virtual double MeasurePeakGflops() = 0;
};

}  // namespace vecmill

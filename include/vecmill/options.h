// vecmill/options.h: what a caller may choose when loading a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vecmill {

// A model's max_seq_length where it takes rows of any length: the most tokens that are counted.
inline constexpr int64_t kAnyLength = INT32_MAX;

// A column of vectors to make.
struct ColumnOptions {
  std::string name = "embedding";
  std::string layers = "last";  // vecmill/layer_expr.h
};

// What becomes of a row of more tokens than the model takes.
enum class LongRows {
  kTruncate,  // the tokens at its end are cut off: RowAccount::truncated
  kError,     // it gets no vector: RowAccount::too_long
};

// What goes through the network with a chunk, so that its vector has seen it.
enum class ChunkContext {
  kChunk,  // nothing else: it is a row of its own
  kRow,    // the row; of one longer than the model takes, as many chunks as fit ("late chunking")
};

// How Embedder::CutIntoChunks cuts a row.
struct ChunkOptions {
  // Tokens of a chunk, special tokens and prompt included; max_seq_length at most, which it is if
  // unset. Must be set for ChunkContext::kRow.
  std::optional<int64_t> max_tokens;
  // Tokens at the end of a chunk that may be in the next one too. Unset: a tenth of those that a
  // chunk has room for.
  std::optional<int64_t> overlap_tokens;
  // The chunks are the same for both.
  ChunkContext context = ChunkContext::kChunk;
};

struct EmbedderOptions {
  // Worker threads; 0 means one for each CPU this process may run on.
  int num_threads = 0;
  // Tokens of one block, the unit of work that one thread takes through all layers; 0 means as many
  // as suit the network. It changes speed and memory, never a vector. A row longer than this is a
  // block of its own.
  int64_t block_tokens = 0;
  // One forward pass makes all of them; layers above the highest one read are not computed.
  std::vector<ColumnOptions> columns = {ColumnOptions()};
  // Scale vectors to unit length, after truncate_dim. Unset: as the model folder says, which is
  // before truncate_dim; vectors of tokens are not.
  std::optional<bool> normalize;
  // Values of a vector that are kept, the first ones, no more than it has. Unset: as the model
  // folder says, or all where it says more; vectors of tokens are not cut.
  std::optional<int64_t> truncate_dim;
  // What goes before every row's text: this text, or else the model folder's prompt of this name,
  // or else, for questions, its prompt "query" if there is one, or else its default prompt.
  std::optional<std::string> prompt;
  std::string prompt_name;
  bool is_query = false;
  LongRows long_rows = LongRows::kTruncate;
  std::optional<ChunkOptions> chunks;
  // A folder that keeps packed weights for other processes and later ones: they are made there once
  // and mapped by all (docs/loading.md). Of Embedder::Load alone. Empty: none; each process packs
  // its own. Never changes a vector; where it cannot be used, ModelDescription says why.
  std::string weight_cache;
};

}  // namespace vecmill

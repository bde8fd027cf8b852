// The way of a row: text -> token ids -> a block of whole rows -> hidden states -> one vector.
//
// EmbedRows() below is the whole pipeline. Both of its parallel loops run on the embedder's own
// workers; when one call's blocks run out, idle workers tokenize for the next call
// (base/thread_pool.h), so a caller that keeps two calls in flight leaves no core idle.
#include "vecmill/embedder.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "base/per_process.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "base/utf8.h"
#include "batch/block_plan.h"
#include "batch/packed_batch.h"
#include "batch/shared_rows.h"
#include "engine/model.h"
#include "ops/machine_peak.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// Rows one worker tokenizes in one go: enough to make handing out work free, few enough to spread.
constexpr int64_t kRowsPerTokenizeTask = 64;

int64_t NumTokenizeTasks(int64_t num_rows) {
  return (num_rows + kRowsPerTokenizeTask - 1) / kRowsPerTokenizeTask;
}

// Token ids of all rows, in the pieces the workers made.
struct TokenizedRows {
  std::vector<std::vector<int32_t>>
      task_ids;                     // [num_tasks]; each its rows' ids, one after the other
  std::vector<int64_t> begins;      // [N]; where a row's ids begin within its task's
  std::vector<int32_t> num_tokens;  // [N]; 0 for null rows and repeats
  std::vector<TokenRange> spans;    // [N] tokens of the row's span; empty: rows are whole

  std::span<const int32_t> ids(int64_t row) const {
    const auto& task = task_ids[static_cast<size_t>(row / kRowsPerTokenizeTask)];
    const auto i = static_cast<size_t>(row);
    return {task.data() + begins[i], static_cast<size_t>(num_tokens[i])};
  }

  TokenRange span(int64_t row, int64_t num_states) const {
    return spans.empty() ? TokenRange{0, num_states} : spans[static_cast<size_t>(row)];
  }
};

void CheckOptions(const EmbedderOptions& options) {
  if (options.num_threads < 0 || options.num_threads > 1024) {
    throw Error(ErrorCode::kInvalidArgument, "threads: " + std::to_string(options.num_threads) +
                                                 " is not a number from 0 (all CPUs) to 1024");
  }
  if (options.block_tokens < 0 || options.block_tokens > (1 << 20)) {
    throw Error(ErrorCode::kInvalidArgument,
                "block tokens: " + std::to_string(options.block_tokens) +
                    " is not a number from 0 (as suits the network) to 1048576");
  }
}

class NativeEmbedder final : public Embedder {
 public:
  NativeEmbedder(std::shared_ptr<const ModelParts> parts, const EmbedderOptions& options)
      : model_(std::move(parts), options),
        block_tokens_(options.block_tokens > 0 ? options.block_tokens : model_.block_tokens()),
        long_rows_(options.long_rows),
        num_threads_(options.num_threads > 0 ? options.num_threads : NumUsableCpus()),
        workers_([this] { return std::make_unique<Workers>(num_threads_); }) {}

  std::unique_ptr<Embedder> With(const EmbedderOptions& options) const override {
    CheckOptions(options);
    return std::make_unique<NativeEmbedder>(model_.parts(), options);
  }

  const ModelDescription& description() const override { return model_.description(); }
  int num_threads() const override { return num_threads_; }

  Embeddings Embed(std::span<const TextRow> rows) override { return EmbedRows(rows, {}); }

  Embeddings EmbedSpans(std::span<const TextRow> rows, std::span<const TextSpan> spans) override {
    VECMILL_CHECK(model_.description().chunk_context == ChunkContext::kRow);
    VECMILL_CHECK(spans.size() == rows.size());
    return EmbedRows(rows, spans);
  }

  // `spans` [N], or empty for rows as they are.
  Embeddings EmbedRows(std::span<const TextRow> rows, std::span<const TextSpan> spans) {
    Embeddings result;
    Workers& workers = workers_.Get();
    const SharedRows shared(rows, spans);
    const TokenizedRows tokenized = Tokenize(rows, spans, shared, workers, result.accounts);
    const std::vector<Block> blocks = PlanBlocks(tokenized.num_tokens, block_tokens_);
    MakeRoom(result);

    workers.pool.ParallelFor(static_cast<int64_t>(blocks.size()), [&](int64_t block_idx,
                                                                      int worker) {
      const Block& block = blocks[static_cast<size_t>(block_idx)];
      Scratch& scratch = workers.scratch[static_cast<size_t>(worker)];
      StageSeconds seconds;
      Pack(block, tokenized, scratch.batch);
      const LayerStates& states = model_.Forward(scratch.batch, scratch.workspace, seconds);
      const Stopwatch watch;
      for (size_t i = 0; i < block.size(); ++i) {
        const TokenRange text = model_.StatesOf(scratch.batch, static_cast<int64_t>(i));
        for (const int64_t row : shared.MadeFrom(block[i])) {
          const TokenRange span = tokenized.span(row, text.size());
          const int64_t unpooled = std::max<int64_t>(model_.num_unpooled_tokens() - span.begin, 0);
          for (size_t c = 0; c < result.columns.size(); ++c) {
            model_.columns()[c].Write(states, {text.begin + span.begin, text.begin + span.end},
                                      unpooled, scratch.column, VectorAt(result, c, row));
          }
        }
      }
      seconds.pool += watch.Seconds();
      workers.AddSeconds(seconds);
    });

    CopyRepeats(shared.vector(), result);
    return result;
  }

  std::vector<std::vector<TextChunk>> CutIntoChunks(std::span<const TextRow> rows) override {
    VECMILL_CHECK(model_.description().chunk_tokens > 0);
    std::vector<std::vector<TextChunk>> chunks(rows.size());
    ForEachRow(workers_.Get(), rows.size(), [&](size_t i) {
      if (rows[i]) chunks[i] = model_.CutIntoChunks(*rows[i]);
    });
    return chunks;
  }

  StageSeconds stage_seconds() const override {
    Workers* workers = workers_.Find();
    return workers != nullptr ? workers->TotalSeconds() : StageSeconds{};
  }

  double MeasurePeakGflops() override {
    std::vector<double> flops(static_cast<size_t>(num_threads()));
    workers_.Get().pool.ParallelFor(num_threads(), [&](int64_t i, int /*worker*/) {
      flops[static_cast<size_t>(i)] = MeasurePeakFlops();
    });
    return std::accumulate(flops.begin(), flops.end(), 0.0) / 1e9;
  }

 private:
  // What one worker owns between blocks.
  struct Scratch {
    PackedBatch batch;
    Model::Workspace workspace;
    VectorColumn::Scratch column;
  };

  // The threads and what they change. A forked child has its own (base/per_process.h).
  struct Workers {
    explicit Workers(int num_threads)
        : scratch(static_cast<size_t>(num_threads)), pool(num_threads) {}

    void AddSeconds(const StageSeconds& more) {
      const std::lock_guard lock(mu);
      seconds += more;
    }
    StageSeconds TotalSeconds() {
      const std::lock_guard lock(mu);
      return seconds;
    }

    std::vector<Scratch> scratch;  // scratch[i] belongs to worker i
    std::mutex mu;
    StageSeconds seconds;  // guarded by mu
    ThreadPool pool;       // last: its threads use the others until it is gone
  };

  // Call fn(i) for each of `num_rows` rows on the workers, some together.
  template <typename Fn>
  static void ForEachRow(Workers& workers, size_t num_rows, const Fn& fn) {
    const auto end_row = static_cast<int64_t>(num_rows);
    workers.pool.ParallelFor(NumTokenizeTasks(end_row), [&](int64_t task, int /*worker*/) {
      const Stopwatch watch;
      const int64_t begin = task * kRowsPerTokenizeTask;
      const int64_t end = std::min(begin + kRowsPerTokenizeTask, end_row);
      for (int64_t row = begin; row < end; ++row) fn(static_cast<size_t>(row));
      workers.AddSeconds({.tokenize = watch.Seconds()});
    });
  }

  // Token ids of every row that is computed, and the accounts [N] of all rows.
  TokenizedRows Tokenize(std::span<const TextRow> rows, std::span<const TextSpan> spans,
                         const SharedRows& shared, Workers& workers,
                         std::vector<RowAccount>& accounts) {
    accounts.resize(rows.size());
    const int64_t num_tasks = NumTokenizeTasks(static_cast<int64_t>(rows.size()));
    TokenizedRows tokenized;
    tokenized.task_ids.resize(static_cast<size_t>(num_tasks));
    tokenized.begins.resize(rows.size());
    tokenized.num_tokens.resize(rows.size());

    ForEachRow(workers, rows.size(), [&](size_t i) {
      std::vector<int32_t>& ids = tokenized.task_ids[i / kRowsPerTokenizeTask];
      accounts[i].is_null = !rows[i].has_value();
      tokenized.begins[i] = static_cast<int64_t>(ids.size());
      const bool is_repeat = shared.text()[i] != static_cast<int64_t>(i);
      if (!accounts[i].is_null && !is_repeat) Encode(*rows[i], ids, accounts[i]);
      tokenized.num_tokens[i] = accounts[i].num_tokens;
    });
    if (!spans.empty()) {
      tokenized.spans.resize(rows.size());
      ForEachRow(workers, rows.size(), [&](size_t i) {
        const std::span<const int32_t> ids = tokenized.ids(shared.text()[i]);
        if (!ids.empty()) tokenized.spans[i] = model_.TokensOf(*rows[i], spans[i], ids);
      });
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      if (shared.text()[i] != static_cast<int64_t>(i)) {
        accounts[i] = accounts[static_cast<size_t>(shared.text()[i])];
        accounts[i].computed_tokens = 0;
        accounts[i].computed_chunks = 0;
      }
      accounts[i].duplicate = shared.vector()[i] != static_cast<int64_t>(i);
      const TokenRange used = tokenized.span(static_cast<int64_t>(i), accounts[i].num_tokens);
      accounts[i].num_tokens = static_cast<int32_t>(used.size());
    }
    return tokenized;
  }

  // Append the ids of one text to `ids` and write them down in `account`.
  void Encode(std::string_view text, std::vector<int32_t>& ids, RowAccount& account) const {
    std::string repaired;
    account.invalid_utf8 = !IsValidUtf8(text);
    if (account.invalid_utf8) {
      repaired = ReplaceInvalidUtf8(text);
      text = repaired;
    }
    const size_t begin = ids.size();
    account.truncated = model_.Encode(text, &ids);
    if (account.truncated && long_rows_ == LongRows::kError) {
      ids.resize(begin);
      account.truncated = false;
      account.too_long = true;
      account.too_many_tokens = model_.CountTokens(text);
    }
    account.num_tokens = static_cast<int32_t>(ids.size() - begin);
    account.computed_tokens = account.num_tokens;
    account.computed_chunks = account.num_tokens > 0 ? 1 : 0;
  }

  static void Pack(const Block& block, const TokenizedRows& tokenized, PackedBatch& batch) {
    batch.ids.clear();
    batch.offsets.assign(1, 0);
    for (int64_t row : block) {
      const std::span<const int32_t> ids = tokenized.ids(row);
      batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
      batch.offsets.push_back(static_cast<int64_t>(batch.ids.size()));
    }
  }

  // Give every column of `result` its size; values are zeros.
  void MakeRoom(Embeddings& result) const {
    const std::vector<RowAccount>& accounts = result.accounts;
    for (const VectorColumn& column : model_.columns()) {
      Embeddings::Column& made = result.columns.emplace_back();
      auto num_vectors = static_cast<int64_t>(accounts.size());
      if (column.description().per_token()) {
        made.offsets.assign(1, 0);
        for (const RowAccount& account : accounts) {
          made.offsets.push_back(made.offsets.back() + account.num_tokens);
        }
        num_vectors = made.offsets.back();
      }
      made.values.resize(static_cast<size_t>(num_vectors * column.description().dim));
    }
  }

  float* VectorAt(Embeddings& result, size_t column, int64_t row) const {
    Embeddings::Column& made = result.columns[column];
    const int64_t vector = made.offsets.empty() ? row : made.offsets[static_cast<size_t>(row)];
    return made.values.data() + vector * model_.columns()[column].description().dim;
  }

  // Give repeats their first row's values.
  void CopyRepeats(std::span<const int64_t> first, Embeddings& result) const {
    for (size_t c = 0; c < result.columns.size(); ++c) {
      const ColumnDescription& column = model_.columns()[c].description();
      for (size_t i = 0; i < first.size(); ++i) {
        const RowAccount& account = result.accounts[i];
        if (!account.duplicate) continue;
        const int64_t num_vectors = column.per_token() ? account.num_tokens : 1;
        std::copy_n(VectorAt(result, c, first[i]), num_vectors * column.dim,
                    VectorAt(result, c, static_cast<int64_t>(i)));
      }
    }
  }

  // Constant after construction.
  const Model model_;
  const int64_t block_tokens_;
  const LongRows long_rows_;
  const int num_threads_;

  const PerProcess<Workers> workers_;
};

}  // namespace

std::unique_ptr<Embedder> Embedder::Load(const std::string& folder,
                                         const EmbedderOptions& options) {
  CheckOptions(options);
  return std::make_unique<NativeEmbedder>(
      std::make_shared<const ModelParts>(folder, options.weight_cache), options);
}

}  // namespace vecmill

// Half of the arithmetic depends on a token alone: its embedding, the projection and norm of it,
// and the products of `first` with it, one for each place that it can take in an n-gram. Those are
// 2.1 of the 3.4 MFLOP that a token costs in the published model, and tokens repeat: so they are
// kept in a table (token_table.h), 13 KB a token, and only `second` and what follows is computed
// for every token. The bits are the same with and without.
//
// Rows of any length go in slabs, with the tokens around them that their n-grams reach; only the
// sum of the features goes on from one slab to the next.
#include "nets/use.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "nets/stage_clock.h"
#include "ops/elementwise.h"
#include "ops/ngram.h"

namespace vecmill {
namespace {

// Whole tiles of 6 or 8 rows (ops/tile-inl.h), whose packed n-grams of five tokens, 360 KB, stay in
// the second level cache. 48, 144 and 288 took the same time within its noise.
constexpr int64_t kSlabTokens = 72;

// Tokens that are looked up together: the weights for those that are new are read once for them.
constexpr int64_t kGroupTokens = 1024;

// Rows of the table, 218 MB at most for the published model.
constexpr int64_t kMaxTableRows = 16384;

// How far n-grams reach to either side.
constexpr int64_t kReach = 2;

constexpr int64_t TokensBefore(int64_t order) { return (order - 1) / 2; }

// With zeros for a bias if it is nullptr.
PackedMatrix Pack(const Tensor& weight, const Tensor* bias, ArrayStore& store,
                  const std::string& name) {
  const int64_t rows = weight.shape[0];
  const int64_t cols = weight.shape[1];
  return {store, name, rows, cols, [&](PackedMatrix::Packer& packer) {
            packer.SetRows(0, {weight.ReadF32().data(), rows, cols, cols},
                           (bias != nullptr ? *bias : Tensor{}).ReadF32OrZeros(rows).data());
          }};
}

// The slices of the n-gram's tokens, one below the other.
PackedMatrix PackSlices(const Tensor& weight, int64_t order, ArrayStore& store,
                        const std::string& name) {
  const int64_t width = weight.shape[0];
  const int64_t cols = weight.shape[1];
  return {
      store, name, order * width, width, [&](PackedMatrix::Packer& packer) {
        const AlignedBuffer<float> values = weight.ReadF32();
        const std::vector<float> zeros(static_cast<size_t>(width));
        for (int64_t i = 0; i < order; ++i) {
          packer.SetRows(i * width, {values.data() + i * width, width, width, cols}, zeros.data());
        }
      }};
}

// The bias as one more column.
PackedMatrix PackWithBiasColumn(const LinearTensors& linear, ArrayStore& store,
                                const std::string& name) {
  const int64_t rows = linear.weight.shape[0];
  const int64_t cols = linear.weight.shape[1];
  return {store, name, rows, cols + 1, [&](PackedMatrix::Packer& packer) {
            const AlignedBuffer<float> weight = linear.weight.ReadF32();
            const AlignedBuffer<float> bias = linear.bias.ReadF32();
            AlignedBuffer<float> both(rows * (cols + 1));
            for (int64_t i = 0; i < rows; ++i) {
              float* row = both.data() + i * (cols + 1);
              std::copy_n(weight.data() + i * cols, cols, row);
              row[cols] = bias[i];
            }
            packer.SetRows(0, {both.data(), rows, cols + 1, cols + 1},
                           std::vector<float>(static_cast<size_t>(rows)).data());
          }};
}

ConstArray<uint8_t> ReadBytes(const Tensor& tensor, ArrayStore& store, const std::string& name) {
  return store.Take<uint8_t>(name, std::ssize(tensor.bytes), [&](uint8_t* dst) {
    std::transform(tensor.bytes.begin(), tensor.bytes.end(), dst,
                   [](std::byte b) { return std::to_integer<uint8_t>(b); });
  });
}

double FlopOf(const PackedMatrix& matrix) {
  return 2.0 * static_cast<double>(matrix.n()) * static_cast<double>(matrix.k());
}

int64_t TokenRow(int64_t width) {
  int64_t size = kNumNgramBranches * width;
  for (int64_t order : kNgramOrders) size += order * width;
  return size;
}

Matrix Columns(AlignedBuffer<float>& buffer, int64_t rows, int64_t stride, int64_t begin,
               int64_t cols) {
  return {.data = buffer.data() + begin, .rows = rows, .cols = cols, .stride = stride};
}

}  // namespace

UniversalSentenceEncoder::UniversalSentenceEncoder(const NetworkConfig& config,
                                                   const UseTensors& tensors, ArrayStore& store)
    : Network(config),
      embeddings_(ReadBytes(tensors.embeddings, store, "embeddings")),
      scale_(tensors.embedding_scale.ReadF32(store, "embedding scale")),
      low_(tensors.embedding_low.ReadF32(store, "embedding low")),
      projection_(Pack(tensors.projection.weight, &tensors.projection.bias, store, "projection")),
      projection_norm_(tensors.projection_norm, config.layer_norm_eps, store, "projection norm"),
      token_norm_(tensors.token_norm, config.layer_norm_eps, store, "token norm"),
      output_(PackWithBiasColumn(tensors.output, store, "output")),
      tokens_(config.vocab, TokenRow(config.ngram), kMaxTableRows) {
  int64_t products = kNumNgramBranches * config.ngram;
  for (size_t i = 0; i < tensors.branches.size(); ++i) {
    const UseTensors::Branch& branch = tensors.branches[i];
    const int64_t order = kNgramOrders[i];
    const std::string name = "branch " + std::to_string(order);
    branches_.push_back(
        {.order = order,
         .products = products,
         .first = PackSlices(branch.first.weight, order, store, name + " first"),
         .first_bias = branch.first.bias.ReadF32(store, name + " first bias"),
         .second = Pack(branch.second.weight, &branch.second.bias, store, name + " second")});
    products += order * config.ngram;
  }
  for (int64_t i = 0; i < 2; ++i) {
    const std::string name = "dense " + std::to_string(i);
    dense_hidden_[i] = Pack(tensors.dense[i].hidden, /*bias=*/nullptr, store, name + " hidden");
    dense_output_[i] = Pack(tensors.dense[i].output, /*bias=*/nullptr, store, name + " output");
  }
}

void UniversalSentenceEncoder::Embed(int32_t id, float* dst) const {
  const int64_t size = config().embedding;
  Dequantize(embeddings_.data() + id * size, scale_[id], low_[id], size, dst);
}

// Write the rows of the table that `ids` have, [ids, TokenRow], into workspace.ngrams.computed.
void UniversalSentenceEncoder::ComputeTokens(const std::vector<int32_t>& ids,
                                             Workspace& workspace) const {
  const auto rows = static_cast<int64_t>(ids.size());
  const int64_t size = config().embedding;
  const int64_t row_size = TokenRow(width());
  NgramWorkspace& x = workspace.ngrams;
  x.embedded.Reserve(rows * size);
  x.computed.Reserve(rows * row_size);
  for (int64_t i = 0; i < rows; ++i) {
    Embed(ids[static_cast<size_t>(i)], x.embedded.data() + i * size);
  }
  const Matrix projected = Columns(x.computed, rows, row_size, 0, kNumNgramBranches * width());
  Gemm({x.embedded.data(), rows, size, size}, projection_, Nonlinearity::kNone, workspace.gemm,
       projected);
  LayerNorm(projected, projection_norm_.params(), projected);
  for (size_t i = 0; i < branches_.size(); ++i) {
    const Branch& branch = branches_[i];
    const int64_t begin = static_cast<int64_t>(i) * width();
    Gemm(Columns(x.computed, rows, row_size, begin, width()), branch.first, Nonlinearity::kNone,
         workspace.gemm,
         Columns(x.computed, rows, row_size, branch.products, branch.order * width()));
  }
}

// Point workspace.ngrams.tokens to the rows of the batch's tokens [begin, end).
void UniversalSentenceEncoder::FindTokens(const PackedBatch& batch, int64_t begin, int64_t end,
                                          Workspace& workspace) const {
  const auto ids =
      std::span(batch.ids).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  NgramWorkspace& x = workspace.ngrams;
  x.tokens_begin = begin;
  x.tokens.clear();
  x.missing.clear();
  for (int32_t id : ids) {
    x.tokens.push_back(tokens_.Find(id));
    if (x.tokens.back() == nullptr) x.missing.push_back(id);
  }
  if (x.missing.empty()) return;
  std::sort(x.missing.begin(), x.missing.end());
  x.missing.erase(std::unique(x.missing.begin(), x.missing.end()), x.missing.end());
  ComputeTokens(x.missing, workspace);

  const int64_t row_size = TokenRow(width());
  for (size_t i = 0; i < x.missing.size(); ++i) {
    float* kept = tokens_.Claim(x.missing[i]);
    if (kept == nullptr) continue;
    std::copy_n(x.computed.data() + static_cast<int64_t>(i) * row_size, row_size, kept);
    tokens_.Publish(x.missing[i]);
  }
  for (size_t t = 0; t < ids.size(); ++t) {
    if (x.tokens[t] != nullptr) continue;
    const auto found = std::lower_bound(x.missing.begin(), x.missing.end(), ids[t]);
    x.tokens[t] = x.computed.data() + (found - x.missing.begin()) * row_size;
  }
}

UniversalSentenceEncoder::Slab UniversalSentenceEncoder::NextSlab(const PackedBatch& batch,
                                                                  int64_t max_tokens,
                                                                  int64_t* next_token,
                                                                  int64_t* next_sequence) {
  Slab slab;
  slab.num_places = kReach;  // zeros before the first
  while (slab.num_tokens < max_tokens && *next_sequence < batch.num_sequences()) {
    const int64_t sequence_begin = batch.offsets[static_cast<size_t>(*next_sequence)];
    const int64_t sequence_end = batch.offsets[static_cast<size_t>(*next_sequence) + 1];
    Span span{.sequence = *next_sequence, .begin = *next_token, .place = slab.num_places};
    span.end = std::min(sequence_end, span.begin + max_tokens - slab.num_tokens);
    span.first_begin = std::max(sequence_begin, span.begin - kReach);
    span.first_end = std::min(sequence_end, span.end + kReach);
    if (slab.spans.empty()) slab.tokens_begin = std::max(sequence_begin, span.begin - 2 * kReach);
    slab.tokens_end = std::min(sequence_end, span.end + 2 * kReach);
    slab.num_tokens += span.end - span.begin;
    slab.num_places += span.first_end - span.first_begin + kReach;
    slab.spans.push_back(span);
    *next_token = span.end;
    if (span.end == sequence_end) ++*next_sequence;
  }
  return slab;
}

// Write c of the slab's tokens [tokens, C] to dst.
void UniversalSentenceEncoder::RunBranch(int64_t index, const PackedBatch& batch, const Slab& slab,
                                         Workspace& workspace, Matrix dst) const {
  const Branch& branch = branches_[static_cast<size_t>(index)];
  const int64_t before = TokensBefore(branch.order);
  NgramWorkspace& x = workspace.ngrams;
  x.starts.clear();
  for (const Span& span : slab.spans) {
    const auto sequence = static_cast<size_t>(span.sequence);
    float* place = x.first.data() + span.place * width();
    for (int64_t t = span.first_begin; t < span.first_end; ++t) {
      const float* terms[2 * kReach + 1];
      size_t num_terms = 0;
      for (int64_t i = 0; i < branch.order; ++i) {
        const int64_t token = t - before + i;
        if (token < batch.offsets[sequence] || token >= batch.offsets[sequence + 1]) continue;
        terms[num_terms++] = x.Token(token) + branch.products + i * width();
      }
      const float* residual = x.Token(t) + index * width();
      SumNgram({terms, num_terms}, branch.first_bias.data(), residual, width(),
               place + (t - span.first_begin) * width());
    }
    for (int64_t t = span.begin; t < span.end; ++t) {
      x.starts.push_back((span.place + t - span.first_begin - before) * width());
    }
  }
  GemmGathered({.data = x.first.data(),
                .rows = dst.rows,
                .cols = branch.order * width(),
                .starts = x.starts.data()},
               branch.second, Nonlinearity::kRelu, workspace.gemm, dst);
  int64_t row = 0;
  for (const Span& span : slab.spans) {
    const int64_t count = span.end - span.begin;
    const float* residual = x.first.data() + (span.place + span.begin - span.first_begin) * width();
    AddTo({residual, count, width(), width()}, {dst.Row(row), count, width(), dst.stride});
    row += count;
  }
}

// Normalise the features and add them to the sums of their sequences.
void UniversalSentenceEncoder::AddFeatures(const PackedBatch& batch, const Slab& slab,
                                           Matrix features_of_tokens, NgramWorkspace& x) const {
  int64_t row = 0;
  for (const Span& span : slab.spans) {
    for (int64_t t = span.begin; t < span.end; ++t) {
      Embed(batch.ids[static_cast<size_t>(t)], features_of_tokens.Row(row++));
    }
  }
  LayerNorm(features_of_tokens, token_norm_.params(), features_of_tokens);
  row = 0;
  for (const Span& span : slab.spans) {
    float* sum = x.sums.data() + span.sequence * (features() + 1);
    for (int64_t t = span.begin; t < span.end; ++t) {
      AddTo({features_of_tokens.Row(row++), 1, features(), features()},
            {sum, 1, features(), features()});
    }
  }
}

// The states [N, H] of the sums.
const float* UniversalSentenceEncoder::RunDense(const PackedBatch& batch,
                                                Workspace& workspace) const {
  const int64_t rows = batch.num_sequences();
  const int64_t sum_size = features() + 1;
  NgramWorkspace& x = workspace.ngrams;
  for (int64_t i = 0; i < rows; ++i) {
    const auto sequence = static_cast<size_t>(i);
    const int64_t num_tokens = batch.offsets[sequence + 1] - batch.offsets[sequence];
    const float root = std::sqrt(static_cast<float>(num_tokens));
    float* sum = x.sums.data() + i * sum_size;
    for (int64_t j = 0; j < features(); ++j) sum[j] /= root;
    sum[features()] = root;
  }
  const int64_t both = hidden() + config().ffn;
  for (AlignedBuffer<float>& dense : x.dense) dense.Reserve(rows * both);
  x.result.Reserve(rows * hidden());
  const Matrix result = Columns(x.result, rows, hidden(), 0, hidden());
  const int64_t sizes[] = {hidden(), config().ffn, hidden()};
  GemmWorkspace& gemm = workspace.gemm;
  Gemm({x.sums.data(), rows, sum_size, sum_size}, output_, Nonlinearity::kNone, gemm,
       Columns(x.dense[0], rows, both, 0, sizes[0]));
  for (int64_t i = 0; i < 2; ++i) {
    AlignedBuffer<float>& dense = x.dense[i];
    Gemm(Columns(dense, rows, both, 0, sizes[i]), dense_hidden_[i], Nonlinearity::kRelu, gemm,
         Columns(dense, rows, both, sizes[i], sizes[i + 1]));
    const Matrix all = Columns(dense, rows, both, 0, both);
    if (i == 0) {
      Gemm(all, dense_output_[0], Nonlinearity::kRelu, gemm,
           Columns(x.dense[1], rows, both, 0, sizes[1]));
    } else {
      Gemm(all, dense_output_[1], Nonlinearity::kTanh, gemm, result);
    }
  }
  return result.data;
}

void UniversalSentenceEncoder::RunSlab(const PackedBatch& batch, const Slab& slab,
                                       Workspace& workspace, StageSeconds& seconds) const {
  StageClock clock;
  NgramWorkspace& x = workspace.ngrams;
  x.first.Reserve(slab.num_places * width());
  std::fill_n(x.first.data(), slab.num_places * width(), 0.0f);
  x.features.Reserve(slab.num_tokens * features());
  for (int64_t i = 0; i < kNumNgramBranches; ++i) {
    RunBranch(i, batch, slab, workspace,
              Columns(x.features, slab.num_tokens, features(), config().embedding + i * width(),
                      width()));
  }
  clock.Add(seconds.ffn_up);
  AddFeatures(batch, slab, Columns(x.features, slab.num_tokens, features(), 0, features()), x);
  clock.Add(seconds.pool);
}

const float* UniversalSentenceEncoder::Forward(const PackedBatch& batch, int64_t last_layer,
                                               Workspace& workspace, StageSeconds& seconds,
                                               const Observer& observer) const {
  CheckCall(batch, last_layer);
  NgramWorkspace& x = workspace.ngrams;
  const int64_t num_sums = batch.num_sequences() * (features() + 1);
  x.sums.Reserve(num_sums);
  std::fill_n(x.sums.data(), num_sums, 0.0f);

  int64_t next_token = 0;
  int64_t next_sequence = 0;
  while (next_sequence < batch.num_sequences()) {
    StageClock clock;
    int64_t slab_token = next_token;
    int64_t slab_sequence = next_sequence;
    const Slab group = NextSlab(batch, kGroupTokens, &next_token, &next_sequence);
    FindTokens(batch, group.tokens_begin, group.tokens_end, workspace);
    clock.Add(seconds.embed_lookup);
    while (slab_token < next_token) {
      const int64_t size = std::min(kSlabTokens, next_token - slab_token);
      RunSlab(batch, NextSlab(batch, size, &slab_token, &slab_sequence), workspace, seconds);
    }
  }
  StageClock clock;
  const float* states = RunDense(batch, workspace);
  clock.Add(seconds.ffn_down);
  if (observer) observer(0, {states, batch.num_sequences(), hidden(), hidden()});
  return states;
}

int64_t UniversalSentenceEncoder::weight_bytes() const {
  int64_t bytes =
      embeddings_.size() + tokens_.max_bytes() + projection_.num_bytes() + output_.num_bytes();
  for (const Branch& branch : branches_)
    bytes += branch.first.num_bytes() + branch.second.num_bytes();
  for (int64_t i = 0; i < 2; ++i)
    bytes += dense_hidden_[i].num_bytes() + dense_output_[i].num_bytes();
  return bytes;
}

// What the table gives is not counted.
double UniversalSentenceEncoder::FlopPerToken(int64_t /*last_layer*/) const {
  double flop = 0.0;
  for (const Branch& branch : branches_) flop += FlopOf(branch.second);
  return flop;
}

double UniversalSentenceEncoder::FlopPerRow() const {
  double flop = FlopOf(output_);
  for (int64_t i = 0; i < 2; ++i) flop += FlopOf(dense_hidden_[i]) + FlopOf(dense_output_[i]);
  return flop;
}

}  // namespace vecmill

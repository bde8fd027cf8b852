// ops/op_hash.h: for tests: one number that changes when a bit of any op's result does.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "ops/attention.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/gemm.h"
#include "ops/layer_norm.h"
#include "ops/nonlinearity.h"
#include "ops/pooling.h"

namespace vecmill {

class OpHash {
 public:
  // FNV-1a over the results of the ops on numbers that are the same everywhere.
  static uint64_t OfAllOps() {
    OpHash hash;
    hash.AddNonlinearities();
    hash.AddGemms();
    hash.AddRowOps();
    hash.AddAttention();
    return hash.hash_;
  }

 private:
  // `count` numbers in (-1, 1) of a linear congruential generator (Knuth's MMIX), each exact in
  // f32.
  std::vector<float> Numbers(int64_t count, float scale = 1.0f) {
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float& number : numbers) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      number = scale * (static_cast<float>(state_ >> 40) * 0x1p-23f - 1.0f);
    }
    return numbers;
  }

  void Add(const std::vector<float>& results) {
    for (float result : results) {
      hash_ = (hash_ ^ std::bit_cast<uint32_t>(result)) * 1099511628211U;
    }
  }

  void AddNonlinearities() {
    for (Nonlinearity f : {Nonlinearity::kGelu, Nonlinearity::kGeluTanh, Nonlinearity::kRelu,
                           Nonlinearity::kSilu, Nonlinearity::kTanh}) {
      std::vector<float> x = Numbers(1003, 9.0f);
      ApplyNonlinearity(f, x.data(), 1003);
      Add(x);
    }
  }

  void AddGemms() {
    GemmWorkspace workspace;
    for (int64_t depth : {7, 48, 500, 1200}) {
      for (int64_t n : {5, 31, 80}) {
        constexpr int64_t kRows = 27;
        const std::vector<float> weight = Numbers(n * depth);
        const std::vector<float> bias = Numbers(n);
        PrivateArrays store;
        const PackedMatrix packed(store, "weight", n, depth, [&](PackedMatrix::Packer& packer) {
          packer.SetRows(0, {weight.data(), n, depth, depth}, bias.data());
        });
        const std::vector<float> a = Numbers(kRows * depth);
        std::vector<float> c(static_cast<size_t>(kRows * n));
        Gemm({a.data(), kRows, depth, depth}, packed, Nonlinearity::kGelu, workspace,
             {c.data(), kRows, n, n});
        Add(c);
      }
    }
  }

  void AddRowOps() {
    for (int64_t hidden : {1, 30, 64, 387}) {
      constexpr int64_t kRows = 9;
      const auto size = static_cast<size_t>(kRows * hidden);
      const std::vector<float> words = Numbers(kRows * hidden, 3.0f);
      const std::vector<float> positions = Numbers(kRows * hidden);
      const std::vector<float> gamma = Numbers(hidden);
      const std::vector<float> beta = Numbers(hidden);
      const EmbeddingTables tables{{words.data(), kRows, hidden, hidden},
                                   {positions.data(), kRows, hidden, hidden},
                                   {gamma.data(), beta.data(), 1e-12f}};
      const std::vector<int32_t> ids = {3, 1, 4, 1, 5, 8, 2, 6, 5};
      const std::vector<int64_t> offsets = {0, 4, kRows};
      std::vector<float> rows(size);
      const Matrix matrix{rows.data(), kRows, hidden, hidden};
      EmbedTokens(tables, ids, offsets, matrix);
      Add(rows);
      AddLayerNorm(tables.words, matrix, tables.norm, matrix);
      Add(rows);
      AddTo(tables.positions, matrix);
      MultiplyBy(tables.words, matrix);
      Add(rows);
      std::vector<float> pooled(static_cast<size_t>(hidden));
      MaxPool(rows.data(), kRows, hidden, pooled.data());
      Add(pooled);
      MeanPool(rows.data(), kRows, hidden, pooled.data());
      L2Normalize(pooled.data(), hidden);
      Add(pooled);
    }
  }

  void AddAttention() {
    constexpr int64_t kTokens = 120;
    constexpr int64_t kHeads = 2;
    RelativeBias bias(kHeads, kTokens);
    for (int64_t distance = 1 - kTokens; distance < kTokens; ++distance) {
      for (int64_t head = 0; head < kHeads; ++head) bias.Set(head, distance, Numbers(1)[0]);
    }
    for (int64_t head_dim : {12, 32, 70}) {
      const std::vector<int64_t> offsets = {0, 1, 13, 30, kTokens};
      const AttentionShape shape{.heads = kHeads,
                                 .head_dim = head_dim,
                                 .scale = 0.7f,
                                 .bias = head_dim == 32 ? nullptr : &bias};
      const int64_t width = kHeads * head_dim;
      const std::vector<float> qkv = Numbers(kTokens * 3 * width, 2.0f);
      std::vector<float> context(static_cast<size_t>(kTokens * width));
      AttentionWorkspace workspace;
      Attention({qkv.data(), kTokens, 3 * width, 3 * width}, offsets, shape, workspace,
                {context.data(), kTokens, width, width});
      Add(context);
    }
  }

  uint64_t hash_ = 14695981039346656037U;
  uint64_t state_ = 1;
};

}  // namespace vecmill

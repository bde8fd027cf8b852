#include "weights/static_embedding.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/json.h"
#include "vecmill/error.h"
#include "weights/config_checks.h"
#include "weights/model_file.h"

namespace vecmill {
namespace {

[[noreturn]] void ThrowShape(const Tensor& tensor, const std::string& expected) {
  throw Error(ErrorCode::kCorrupt,
              tensor.Where() + " has shape " + ShapeText(tensor.shape) + ", expected " + expected);
}

bool IsSize(int64_t size, int64_t max) { return size >= 1 && size <= max; }

}  // namespace

StaticTensors FindStaticTensors(const Checkpoint& checkpoint) {
  const Tensor* table = checkpoint.Find("embedding.weight");
  const bool is_model2vec = table == nullptr;
  if (is_model2vec) table = checkpoint.Find("embeddings");
  if (table == nullptr) {
    throw Error(ErrorCode::kCorrupt,
                checkpoint.path() +
                    ": has neither embedding.weight (sentence-transformers) nor embeddings "
                    "(model2vec), the vectors of the tokens");
  }
  table->CheckReadable();
  if (table->shape.size() != 2 || !IsSize(table->shape[0], kMaxVocab) ||
      !IsSize(table->shape[1], kMaxHidden)) {
    ThrowShape(*table, "[tokens, values]");
  }
  StaticTensors tensors{.embeddings = *table};
  if (!is_model2vec) return tensors;
  if (const Tensor* mapping = checkpoint.Find("mapping"); mapping != nullptr) {
    if (mapping->shape.size() != 1 || !IsSize(mapping->shape[0], kMaxVocab)) {
      ThrowShape(*mapping, "[tokens]");
    }
    tensors.mapping = *mapping;
  }
  if (const Tensor* weights = checkpoint.Find("weights"); weights != nullptr) {
    weights->CheckReadable();
    const std::vector<int64_t> expected = {tensors.vocab()};
    if (weights->shape != expected) ThrowShape(*weights, ShapeText(expected));
    tensors.weights = *weights;
  }
  return tensors;
}

void CopyStaticTable(const StaticTensors& tensors, float* dst) {
  const int64_t vocab = tensors.vocab();
  const int64_t hidden = tensors.hidden();
  if (tensors.mapping.shape.empty()) {
    tensors.embeddings.CopyF32(dst);
  } else {
    const AlignedBuffer<float> table = tensors.embeddings.ReadF32();
    std::vector<int32_t> rows(static_cast<size_t>(vocab));
    tensors.mapping.CopyIndices(tensors.embeddings.shape[0], rows.data());
    for (int64_t i = 0; i < vocab; ++i) {
      const float* row = table.data() + rows[static_cast<size_t>(i)] * hidden;
      std::copy_n(row, hidden, dst + i * hidden);
    }
  }
  if (!tensors.weights.shape.empty()) {
    std::vector<float> weights(static_cast<size_t>(vocab));
    tensors.weights.CopyF32(weights.data());
    for (int64_t i = 0; i < vocab * hidden; ++i) dst[i] *= weights[static_cast<size_t>(i / hidden)];
  }
}

NetworkConfig StaticConfig(const StaticTensors& tensors) {
  return {.model_type = kStaticEmbedding,
          .hidden = tensors.hidden(),
          .layers = 0,
          .vocab = tensors.vocab(),
          .max_positions = kMaxStaticTokens};
}

int64_t ReadStaticMaxTokens(const std::string& folder) {
  const Json tokenizer = ReadModelJson(folder, "tokenizer.json");
  const Json* truncation = tokenizer.Find("truncation");
  if (truncation == nullptr || truncation->is_null()) return kMaxStaticTokens;
  const std::string where = JoinPath(folder, "tokenizer.json") + ": truncation";
  RequireSetting(*truncation, "direction", "Right", where);
  return std::min(ReadSize(*truncation, "max_length", INT32_MAX, where), kMaxStaticTokens);
}

}  // namespace vecmill

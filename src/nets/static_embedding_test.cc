// Vectors are compared with sentence-transformers in tests/golden/sentence_test.cc.
#include "nets/static_embedding.h"

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

template <typename T>
Tensor MakeTensor(const char* name, const char* dtype, std::vector<int64_t> shape,
                  const std::vector<T>& values) {
  return {.name = name,
          .dtype = dtype,
          .shape = std::move(shape),
          .bytes = std::as_bytes(std::span(values))};
}

std::vector<float> ReadTable(const StaticTensors& tensors) {
  std::vector<float> table(static_cast<size_t>(tensors.vocab() * tensors.hidden()));
  CopyStaticTable(tensors, table.data());
  return table;
}

// A model2vec folder of two vectors for three tokens.
class StaticEmbeddingTest : public testing::Test {
 protected:
  void Write(const std::vector<Tensor>& tensors) const {
    WriteBytes(folder_ / "model.safetensors", SafetensorsBytes(tensors));
  }

  StaticTensors Find() const { return FindStaticTensors(Checkpoint::Open(folder_.path())); }

  const std::vector<float> table_ = {1, 2, 3, 10, 20, 30};
  const std::vector<float> weights_ = {1.0f, 0.5f, 2.0f};
  const std::vector<int64_t> rows_ = {1, 0, 1};
  const Tensor embeddings_ = MakeTensor("embeddings", "F32", {2, 3}, table_);
  const Tensor mapping_ = MakeTensor("mapping", "I64", {3}, rows_);
  const Tensor token_weights_ = MakeTensor("weights", "F32", {3}, weights_);
  TempFolder folder_;
};

TEST_F(StaticEmbeddingTest, ATokensStateIsItsWeightedRow) {
  Write({embeddings_, mapping_, token_weights_});
  PrivateArrays store;
  const StaticEmbedding network(Find(), store);
  EXPECT_EQ(network.vocab(), 3);
  EXPECT_EQ(network.num_layers(), 0);
  Network::Workspace workspace;
  StageSeconds seconds;
  const PackedBatch batch{.ids = {2, 1, 0}, .offsets = {0, 1, 3}};
  int64_t num_observed = 0;
  const float* states =
      network.Forward(batch, 0, workspace, seconds, [&](int64_t layer, ConstMatrix hidden) {
        EXPECT_EQ(layer, 0);
        EXPECT_EQ(hidden.rows, 3);
        ++num_observed;
      });
  EXPECT_EQ(num_observed, 1);
  EXPECT_EQ(std::vector<float>(states, states + 9),
            (std::vector<float>{20, 40, 60, 0.5f, 1, 1.5f, 10, 20, 30}));
}

TEST_F(StaticEmbeddingTest, NarrowIndicesAreReadToo) {
  const std::vector<int32_t> rows = {1, 1};
  Write({embeddings_, MakeTensor("mapping", "I32", {2}, rows)});
  EXPECT_EQ(ReadTable(Find()), (std::vector<float>{10, 20, 30, 10, 20, 30}));
}

TEST_F(StaticEmbeddingTest, RefusesWhatDoesNotFit) {
  Write({token_weights_});
  ExpectError(ErrorCode::kCorrupt, {"embedding.weight", "embeddings"}, [&] { Find(); });
  const std::vector<int8_t> bytes(6);
  Write({MakeTensor("embeddings", "I8", {2, 3}, bytes)});
  ExpectError(ErrorCode::kUnsupported, {"embeddings", "I8"}, [&] { Find(); });
  Write({MakeTensor("embeddings", "F32", {6}, table_)});
  ExpectError(ErrorCode::kCorrupt, {"[6]", "[tokens, values]"}, [&] { Find(); });
  Write({embeddings_, token_weights_});
  ExpectError(ErrorCode::kCorrupt, {"weights", "[3]", "[2]"}, [&] { Find(); });
  for (const int64_t row : {int64_t{2}, int64_t{-1}, INT64_MAX}) {
    const std::vector<int64_t> rows = {0, row};
    Write({embeddings_, MakeTensor("mapping", "I64", {2}, rows)});
    ExpectError(ErrorCode::kCorrupt, {"mapping", "element 1", std::to_string(row), "0 to 1"},
                [&] { ReadTable(Find()); });
  }
  Write({embeddings_, MakeTensor("mapping", "F32", {3}, weights_)});
  ExpectError(ErrorCode::kUnsupported, {"mapping", "F32"}, [&] { ReadTable(Find()); });
}

TEST_F(StaticEmbeddingTest, RowsAreCutWhereTokenizerJsonSays) {
  const auto max_tokens = [&](const std::string& truncation) {
    WriteBytes(folder_ / "tokenizer.json", R"({"truncation":)" + truncation + "}");
    return ReadStaticMaxTokens(folder_.path());
  };
  EXPECT_EQ(max_tokens("null"), kMaxStaticTokens);
  EXPECT_EQ(max_tokens(R"({"direction":"Right","max_length":7})"), 7);
  EXPECT_EQ(max_tokens(R"({"direction":"Right","max_length":2000000000})"), kMaxStaticTokens);
  ExpectError(ErrorCode::kUnsupported, {"tokenizer.json: truncation", "Left"},
              [&] { max_tokens(R"({"direction":"Left","max_length":7})"); });
  ExpectError(ErrorCode::kCorrupt, {"max_length", "found 0"},
              [&] { max_tokens(R"({"direction":"Right","max_length":0})"); });
}

}  // namespace
}  // namespace vecmill

#include "table/chunk.h"

#include <arrow/extension/json.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "table/table_fixture.h"

namespace vecmill {
namespace {

Chunk ChunkOf(const std::shared_ptr<arrow::DataType>& type, const std::string& json_values) {
  const auto array = arrow::json::ArrayFromJSONString(type, json_values).ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", type)});
  const auto ids = arrow::MakeArrayOfNull(arrow::int64(), array->length()).ValueOrDie();
  return {
      .batch = arrow::RecordBatch::Make(schema, array->length(), arrow::ArrayVector{ids, array}),
      .file = "f.parquet",
      .first_row = 100};
}

std::string Message(const std::function<void()>& fn, ErrorCode code) {
  const Error error = ErrorOf(fn);
  EXPECT_EQ(error.code(), code) << error.what();
  return error.what();
}

TEST(TextRows, EveryTypeThatHoldsText) {
  for (const auto& type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view(), arrow::binary(),
                           arrow::large_binary(), arrow::binary_view(),
                           arrow::dictionary(arrow::int8(), arrow::utf8()),
                           arrow::dictionary(arrow::int32(), arrow::large_utf8())}) {
    SCOPED_TRACE(type->ToString());
    Chunk chunk =
        ChunkOf(type, R"(["x", "ab", null, "", "ab", "a text of more than twelve bytes"])");
    chunk.batch = chunk.batch->Slice(1);
    const std::vector<TextRow> expected = {"ab", std::nullopt, "", "ab",
                                           "a text of more than twelve bytes"};
    EXPECT_EQ(TextRows(chunk, "text"), expected);
  }
}

TEST(TextRows, ExtensionTypesOfStrings) {
  const auto storage =
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["{}", null])").ValueOrDie();
  const auto type = arrow::extension::json(arrow::utf8());
  const auto array = arrow::ExtensionType::WrapArray(type, storage);
  const Chunk chunk{.batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("text", type)}),
                                                      2, arrow::ArrayVector{array}),
                    .file = "f",
                    .first_row = 0};
  EXPECT_EQ(TextRows(chunk, "text"), (std::vector<TextRow>{"{}", std::nullopt}));
}

TEST(TextRows, AColumnOfNullTypeIsAllNull) {
  EXPECT_EQ(TextRows(ChunkOf(arrow::null(), "[null, null]"), "text"), std::vector<TextRow>(2));
}

TEST(TextRows, ViewsLiveAsLongAsACopyOfTheChunk) {
  auto chunk =
      std::make_unique<Chunk>(ChunkOf(arrow::utf8(), R"(["some text on the heap, long"])"));
  const std::vector<TextRow> rows = TextRows(*chunk, "text");
  const Chunk copy = *chunk;
  chunk.reset();
  EXPECT_EQ(rows[0], "some text on the heap, long");
}

TEST(TextRows, RefusalsNameColumnsAndTypes) {
  const Chunk chunk = ChunkOf(arrow::float64(), "[1.5]");
  EXPECT_EQ(Message([&] { TextRows(chunk, "body"); }, ErrorCode::kInvalidArgument),
            "f.parquet: no column 'body'; the columns are 'id', 'text'");
  EXPECT_EQ(Message([&] { TextRows(chunk, "text"); }, ErrorCode::kInvalidArgument).substr(0, 45),
            "f.parquet: column 'text' is double, not text ");
}

TEST(TextRows, ADictionaryIndexOutOfRangeIsAnError) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto indices = arrow::json::ArrayFromJSONString(arrow::int32(), "[0, 7]").ValueOrDie();
  const auto values = arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a"])").ValueOrDie();
  const Chunk chunk{
      .batch = arrow::RecordBatch::Make(
          arrow::schema({arrow::field("text", type)}), 2,
          arrow::ArrayVector{std::make_shared<arrow::DictionaryArray>(type, indices, values)}),
      .file = "f",
      .first_row = 0};
  EXPECT_EQ(Message([&] { TextRows(chunk, "text"); }, ErrorCode::kCorrupt),
            "f: column 'text': dictionary index 7 of 1");
}

// Value `i` of a row, read as T.
template <typename T>
T ValueAt(const uint8_t* row, size_t i) {
  T value{};
  std::memcpy(&value, row + i * sizeof(T), sizeof(T));
  return value;
}

TEST(ReadVectors, EveryListOfFloats) {
  for (const auto& type : {arrow::fixed_size_list(arrow::float32(), 2),
                           arrow::list(arrow::float32()), arrow::large_list(arrow::float32())}) {
    SCOPED_TRACE(type->ToString());
    Chunk chunk = ChunkOf(type, "[[9, 9], [1, 2], null, [3, 4]]");
    chunk.batch = chunk.batch->Slice(1);
    const VectorRows vectors = ReadVectors(chunk, "text", Dtype::kFloat32);
    EXPECT_EQ(vectors.num_values, 2);
    ASSERT_EQ(vectors.rows.size(), 3U);
    EXPECT_EQ(ValueAt<float>(vectors.rows[0], 1), 2.0F);
    EXPECT_EQ(vectors.rows[1], nullptr);
    EXPECT_EQ(ValueAt<float>(vectors.rows[2], 0), 3.0F);
  }
}

// The last value of a vector of 1, 2, 3.
template <typename T>
T LastValue(const std::shared_ptr<arrow::DataType>& type, Dtype dtype) {
  Chunk chunk = ChunkOf(arrow::fixed_size_list(type, 3), "[[0, 0, 0], [1, 2, 3], null]");
  chunk.batch = chunk.batch->Slice(1);
  const VectorRows vectors = ReadVectors(chunk, "text", dtype);
  EXPECT_EQ(vectors.num_values, 3);
  EXPECT_EQ(vectors.rows[1], nullptr);
  return ValueAt<T>(vectors.rows[0], 2);
}

TEST(ReadVectors, OtherDtypes) {
  EXPECT_EQ(LastValue<uint16_t>(arrow::float16(), Dtype::kFloat16), 0x4200);
  EXPECT_EQ(LastValue<int8_t>(arrow::int8(), Dtype::kInt8), 3);
  EXPECT_EQ(LastValue<int8_t>(arrow::int8(), Dtype::kBinary), 3);
  EXPECT_EQ(LastValue<uint8_t>(arrow::uint8(), Dtype::kUint8), 3);
  EXPECT_EQ(LastValue<uint8_t>(arrow::uint8(), Dtype::kUbinary), 3);
}

TEST(ReadVectors, RefusalsNameTheRow) {
  const auto floats = arrow::list(arrow::float32());
  const auto message = [](const Chunk& chunk, ErrorCode code, Dtype dtype = Dtype::kFloat32) {
    return Message([&] { ReadVectors(chunk, "text", dtype); }, code);
  };
  EXPECT_EQ(message(ChunkOf(floats, "[[1, 2], [3]]"), ErrorCode::kCorrupt),
            "f.parquet: column 'text', row 101: the vector has 1 elements, those before have 2");
  EXPECT_EQ(message(ChunkOf(floats, "[[1, null]]"), ErrorCode::kCorrupt),
            "f.parquet: column 'text', row 100: element 1 of the vector is null");
  const Chunk doubles = ChunkOf(arrow::list(arrow::float64()), "[[1]]");
  EXPECT_EQ(message(doubles, ErrorCode::kInvalidArgument),
            "f.parquet: column 'text': is list<item: double>, not a list of float; name the column "
            "that vecmill embed wrote");
  EXPECT_EQ(message(ChunkOf(floats, "[[1]]"), ErrorCode::kInvalidArgument, Dtype::kInt8),
            "f.parquet: column 'text': is list<item: float>, not a list of int8; name the column "
            "that vecmill embed wrote");
}

TEST(CellText, PrintsAnyType) {
  EXPECT_EQ(CellText(ChunkOf(arrow::utf8(), R"(["a\nb", null])"), "text", 0), "a\nb");
  EXPECT_EQ(CellText(ChunkOf(arrow::utf8(), R"(["a\nb", null])"), "text", 1), "null");
  EXPECT_EQ(CellText(ChunkOf(arrow::int32(), "[1, 42]"), "text", 1), "42");
  EXPECT_EQ(CellText(ChunkOf(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["u", "v"])"),
                     "text", 1),
            "v");
}

}  // namespace
}  // namespace vecmill

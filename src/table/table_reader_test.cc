#include "table/table_reader.h"

#include <gtest/gtest.h>

#include "table/table_fixture.h"

namespace vecmill {
namespace {

using Strings = std::vector<std::string>;

class TableReaderTest : public testing::Test {
 protected:
  // A table of `num_rows` rows: id, text "row 0", ...
  std::shared_ptr<arrow::RecordBatch> Numbered(int64_t num_rows) {
    std::string rows = "[";
    for (int64_t i = 0; i < num_rows; ++i) {
      rows += std::string(i == 0 ? "" : ",") + "{\"id\":" + std::to_string(i) + ",\"text\":\"row " +
              std::to_string(i) + "\"}";
    }
    return BatchOf(schema_, rows + "]");
  }

  const std::shared_ptr<arrow::Schema> schema_ =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())},
                    arrow::key_value_metadata({"made"}, {"here"}));
  TestFolder folder_;
};

TEST_F(TableReaderTest, RowsOfAllFilesAndRowGroupsInOrder) {
  WriteParquet(folder_ / "1.parquet", {Numbered(3), Numbered(2)}, schema_);
  WriteParquet(folder_ / "2.parquet", {}, schema_);
  WriteParquet(folder_ / "3.parquet", {Numbered(0), Numbered(1)}, schema_);
  const auto reader = OpenTable({folder_.path()});
  EXPECT_EQ(reader->total_rows(), 6);
  EXPECT_EQ(reader->bytes_read(), 0);
  EXPECT_EQ(ReadTexts(*reader), (Strings{"row 0", "row 1", "row 2", "row 0", "row 1", "row 0"}));
  EXPECT_EQ(reader->bytes_read(), reader->total_bytes());
  EXPECT_EQ(reader->Next(), std::nullopt);
}

TEST_F(TableReaderTest, ChunksSayWhereTheyAreFrom) {
  const std::string path = WriteParquet(folder_ / "1.parquet", {Numbered(5)}, schema_);
  const auto reader = OpenTable({path, path}, {.text_column = "text", .max_chunk_rows = 3});
  std::vector<int64_t> first_rows;
  while (const std::optional<Chunk> chunk = reader->Next()) {
    EXPECT_EQ(chunk->file, path);
    first_rows.push_back(chunk->first_row);
  }
  EXPECT_EQ(first_rows, (std::vector<int64_t>{0, 3, 0, 3}));
}

TEST_F(TableReaderTest, ChunksAreCutByTextBytes) {
  const std::string path = WriteParquet(folder_ / "1.parquet", {Numbered(5)}, schema_);
  const auto sizes = [&](int64_t max_bytes) {
    const auto reader =
        OpenTable({path}, {.text_column = "text", .max_chunk_text_bytes = max_bytes});
    std::vector<int64_t> num_rows;
    while (const std::optional<Chunk> chunk = reader->Next()) num_rows.push_back(chunk->num_rows());
    return num_rows;
  };
  EXPECT_EQ(sizes(10), (std::vector<int64_t>{2, 2, 1}));
  EXPECT_EQ(sizes(1), (std::vector<int64_t>{1, 1, 1, 1, 1}));
}

TEST_F(TableReaderTest, SmallRowGroupsShareAChunk) {
  const std::string path =
      WriteParquet(folder_ / "1.parquet", {Numbered(2), Numbered(3), Numbered(1)}, schema_);
  const auto reader = OpenTable({path, path});
  EXPECT_EQ(reader->Next()->num_rows(), 6);
  EXPECT_EQ(reader->Next()->num_rows(), 6);
  EXPECT_EQ(reader->Next(), std::nullopt);
}

TEST_F(TableReaderTest, SchemaKeepsItsMetadata) {
  const auto reader = OpenTable({WriteParquet(folder_ / "1.parquet", {Numbered(1)}, schema_)});
  ASSERT_TRUE(reader->schema()->HasMetadata());
  EXPECT_EQ(reader->schema()->metadata()->Get("made").ValueOr(""), "here");
  EXPECT_EQ(reader->column_names(), (Strings{"id", "text"}));
}

TEST_F(TableReaderTest, DictionaryColumnsStayDictionaries) {
  const auto schema =
      arrow::schema({arrow::field("text", arrow::dictionary(arrow::int32(), arrow::utf8()))});
  const auto batch = BatchOf(schema, R"([{"text":"a"},{"text":null},{"text":"b"},{"text":"a"}])");
  const std::string path = WriteParquet(folder_ / "1.parquet", {batch, batch}, schema);
  const auto reader = OpenTable({path});
  EXPECT_TRUE(reader->schema()->Equals(*schema));
  EXPECT_EQ(ReadTexts(*reader), (Strings{"a", "(null)", "b", "a", "a", "(null)", "b", "a"}));
}

TEST_F(TableReaderTest, FilesOfDifferentColumnsAreRefused) {
  WriteParquet(folder_ / "1.parquet", {Numbered(1)}, schema_);
  const auto other =
      arrow::schema({arrow::field("id", arrow::int32()), arrow::field("text", arrow::utf8())});
  WriteParquet(folder_ / "2.parquet", {BatchOf(other, R"([{"id":1,"text":"a"}])")}, other);
  const Error error = ErrorOf([&] { OpenTable({folder_.path()}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(std::string(error.what()),
            (folder_ / "2.parquet") + ": column 0 is id: int32, but in " + (folder_ / "1.parquet") +
                " it is id: int64; all inputs must have the same columns");
}

TEST_F(TableReaderTest, ParquetAndCsvTogether) {
  WriteParquet(folder_ / "1.parquet", {Numbered(1)}, schema_);
  folder_.Write("2.csv", "id,text\n7,seven\n");
  EXPECT_EQ(ReadTexts(*OpenTable({folder_.path()})), (Strings{"row 0", "seven"}));
}

TEST_F(TableReaderTest, RefusalsNameColumnsAndTypes) {
  const std::string path = WriteParquet(folder_ / "1.parquet", {Numbered(1)}, schema_);
  EXPECT_EQ(std::string(ErrorOf([&] { OpenTable({path}, {.text_column = "body"}); }).what()),
            path + ": no column 'body'; the columns are 'id', 'text'");
  const Error error = ErrorOf([&] { OpenTable({path}, {.text_column = "id"}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(std::string(error.what()).find("column 'id' is int64, not text"), std::string::npos);
}

TEST_F(TableReaderTest, WhatIsNoParquetIsRefused) {
  for (const std::string& bytes : {std::string(), std::string("PAR1"), std::string(1000, 'x')}) {
    const std::string path = folder_.Write("1.parquet", bytes);
    const Error error = ErrorOf([&] { OpenTable({path}); });
    EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    EXPECT_TRUE(std::string(error.what()).starts_with(path + ": not a whole Parquet file: "))
        << error.what();
  }
}

// A small file with the shapes that decoders have most to do with.
class DamagedParquetTest : public TableReaderTest {
 protected:
  DamagedParquetTest() {
    const auto schema = arrow::schema(
        {arrow::field("text", arrow::utf8()),
         arrow::field("kind", arrow::dictionary(arrow::int32(), arrow::utf8())),
         arrow::field("tags", arrow::list(arrow::utf8())),
         arrow::field("point", arrow::struct_({arrow::field("x", arrow::float64())}))});
    const auto batch = BatchOf(schema, R"([
        {"text": "one", "kind": "a", "tags": ["x", null], "point": {"x": 1.5}},
        {"text": null, "kind": "b", "tags": [], "point": null},
        {"text": "three", "kind": "a", "tags": null, "point": {"x": null}}])");
    bytes_ = ReadBytes(WriteParquet(folder_ / "whole.parquet", {batch, batch}, schema));
  }

  // Read `bytes` to the end: nullopt, or the code of the failure, which must name the file.
  std::optional<ErrorCode> Read(const std::string& bytes) {
    const std::string path = folder_.Write("damaged.parquet", bytes);
    try {
      const auto reader = OpenTable({path}, {});
      while (const std::optional<Chunk> chunk = reader->Next()) {
        for (const std::string& column : reader->column_names()) {
          for (int64_t row = 0; row < chunk->num_rows(); ++row) CellText(*chunk, column, row);
        }
      }
      return std::nullopt;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(path)) << error.what();
      return error.code();
    }
  }

  std::string bytes_;
};

TEST_F(DamagedParquetTest, CutShortAtAnyLength) {
  ASSERT_EQ(Read(bytes_), std::nullopt);
  for (size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_EQ(Read(bytes_.substr(0, size)), ErrorCode::kCorrupt) << size;
  }
}

// Bytes of the footer are not protected by a checksum, so a flip may also go unseen.
TEST_F(DamagedParquetTest, AFlippedByteIsAnErrorOrOtherDataButNoCrash) {
  int num_refused = 0;
  for (size_t i = 0; i < bytes_.size(); ++i) {
    for (const int mask : {0x01, 0xFF}) {
      std::string damaged = bytes_;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      const std::optional<ErrorCode> code = Read(damaged);
      EXPECT_NE(code, ErrorCode::kInternal) << i;
      num_refused += code ? 1 : 0;
    }
  }
  EXPECT_GT(num_refused, 0);
}

}  // namespace
}  // namespace vecmill

#include "table/parquet_writer.h"

#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <random>

#include "table/table_fixture.h"

namespace vecmill {
namespace {

using Strings = std::vector<std::string>;
using Floats = std::vector<float>;

constexpr int64_t kDim = 3;

class ParquetWriterTest : public testing::Test {
 protected:
  static ParquetWriterOptions Options() {
    ParquetWriterOptions options;
    options.columns = {{.name = "embedding", .dim = kDim}};
    return options;
  }

  // Vectors 0 0 0, 1 1 1, ... of the chunk's rows in their file; null for null texts.
  static void WriteRows(ParquetWriter& writer, const Chunk& chunk) {
    Embeddings made{.columns = {Embeddings::Column()}, .accounts = {}};
    for (const TextRow& row : TextRows(chunk, "text")) {
      const auto row_idx = chunk.first_row + static_cast<int64_t>(made.accounts.size());
      std::vector<float>& values = made.columns[0].values;
      values.insert(values.end(), kDim, static_cast<float>(row_idx));
      made.accounts.push_back({.num_tokens = row ? 7 : 0,
                               .is_null = !row,
                               .truncated = row == "long",
                               .invalid_utf8 = row == "bad",
                               .duplicate = false});
    }
    writer.Write(chunk, made);
  }

  // Write all rows of `input` to OUT.parquet and read that.
  std::shared_ptr<arrow::Table> Embed(const std::string& input,
                                      const ParquetWriterOptions& options = Options()) {
    const auto reader = OpenTable({input});
    const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
    while (const std::optional<Chunk> chunk = reader->Next()) WriteRows(*writer, *chunk);
    writer->Finish();
    return ReadParquet(output_);
  }

  std::string OneColumn(const std::string& rows = R"([{"text":"a"},{"text":null},{"text":"c"}])") {
    const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
    return WriteParquet(folder_ / "in.parquet", {BatchOf(schema, rows)}, schema);
  }

  TestFolder folder_;
  const std::string output_ = folder_ / "out.parquet";
};

TEST_F(ParquetWriterTest, EveryInputColumnComesThrough) {
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int32(), /*nullable=*/false),
       arrow::field("text", arrow::large_utf8(), true,
                    arrow::key_value_metadata({"comment"}, {"what to embed"})),
       arrow::field("kind", arrow::dictionary(arrow::int32(), arrow::utf8())),
       arrow::field("tags", arrow::list(arrow::field("item", arrow::utf8()))),
       arrow::field("point", arrow::struct_({arrow::field("x", arrow::float64()),
                                             arrow::field("l", arrow::large_list(arrow::int8()))})),
       arrow::field("map", arrow::map(arrow::utf8(), arrow::int64())),
       arrow::field("price", arrow::decimal128(20, 3)),
       arrow::field("time", arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin")),
       arrow::field("day", arrow::date32()), arrow::field("raw", arrow::fixed_size_binary(2)),
       arrow::field("pair", arrow::fixed_size_list(arrow::int16(), 2))},
      arrow::key_value_metadata({"pandas"}, {"{}"}));
  const auto batch = BatchOf(schema, R"([
      {"id": 1, "text": "a", "kind": "u", "tags": ["x", null], "point": {"x": 0.5, "l": [1]},
       "map": [["k", 1]], "price": "1.250", "time": 1700000000123456789, "day": 19000, "raw": "zz",
       "pair": [1, 2]},
      {"id": 2, "text": null, "kind": null, "tags": null, "point": null, "map": null,
       "price": null, "time": null, "day": null, "raw": null, "pair": null},
      {"id": 3, "text": "", "kind": "u", "tags": [], "point": {"x": null, "l": []}, "map": [],
       "price": "-0.001", "time": -1, "day": -1, "raw": "\u0000a", "pair": [null, 3]}])");
  const std::string input = WriteParquet(folder_ / "in.parquet", {batch, batch}, schema);

  const auto out = Embed(input);
  const auto in = ReadParquet(input);
  ASSERT_EQ(out->num_columns(), in->num_columns() + 1);
  const auto same_columns = out->RemoveColumn(in->num_columns()).ValueOrDie();
  EXPECT_TRUE(same_columns->Equals(*in)) << same_columns->ToString() << in->ToString();
  EXPECT_TRUE(same_columns->schema()->Equals(*in->schema(), /*check_metadata=*/true))
      << same_columns->schema()->ToString(true) << in->schema()->ToString(true);
}

TEST_F(ParquetWriterTest, VectorsReadBackAsFixedSizeLists) {
  const auto out = Embed(OneColumn());
  const auto column = out->GetColumnByName("embedding");
  EXPECT_TRUE(column->type()->Equals(
      *arrow::fixed_size_list(arrow::field("element", arrow::float32(), /*nullable=*/false), kDim)))
      << column->type()->ToString();

  const auto reader = OpenTable({output_});
  const std::optional<Chunk> chunk = reader->Next();
  ASSERT_TRUE(chunk);
  const VectorRows vectors = ReadVectors(*chunk, "embedding", Dtype::kFloat32);
  EXPECT_EQ(vectors.num_values, kDim);
  const Floats twos(kDim, 2);
  EXPECT_EQ(std::memcmp(vectors.rows[2], twos.data(), sizeof(float) * kDim), 0);
  EXPECT_EQ(vectors.rows[1], nullptr);
}

TEST_F(ParquetWriterTest, VectorsAreAPlainListOfRequiredFloats) {
  Embed(OneColumn());
  const auto file = parquet::ParquetFileReader::OpenFile(output_);
  const auto* column = file->metadata()->schema()->Column(1);
  EXPECT_EQ(column->path()->ToDotString(), "embedding.list.element");
  EXPECT_EQ(column->physical_type(), parquet::Type::FLOAT);
  EXPECT_TRUE(column->schema_node()->is_required());
  const auto* list = file->metadata()->schema()->group_node()->field(1).get();
  EXPECT_TRUE(list->logical_type()->is_list());
  EXPECT_TRUE(list->is_optional());
}

TEST_F(ParquetWriterTest, AVectorForEachTokenIsAListOfLists) {
  const auto reader = OpenTable({OneColumn()});
  ParquetWriterOptions options = Options();
  options.columns.push_back({.name = "tokens", .poolings = {Pooling::kNone}, .dim = 2});
  const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
  Embeddings made;
  made.columns = {{.values = std::vector<float>(9)},
                  {.values = {0, 1, 2, 3, 4, 5}, .offsets = {0, 2, 2, 3}}};
  made.accounts = {{.num_tokens = 2}, {.is_null = true}, {.num_tokens = 1}};
  writer->Write(*reader->Next(), made);
  writer->Finish();
  const auto column = ReadParquet(output_)->GetColumnByName("tokens");
  const auto vector =
      arrow::fixed_size_list(arrow::field("element", arrow::float32(), /*nullable=*/false), 2);
  const auto type = arrow::large_list(arrow::field("element", vector, /*nullable=*/false));
  ASSERT_TRUE(column->type()->Equals(*type)) << column->type()->ToString();
  const auto expected =
      arrow::json::ArrayFromJSONString(type, "[[[0, 1], [2, 3]], null, [[4, 5]]]").ValueOrDie();
  EXPECT_TRUE(column->Equals(arrow::ChunkedArray(expected))) << column->ToString();
}

TEST_F(ParquetWriterTest, VectorsOfOtherDtypes) {
  const struct {
    Dtype dtype;
    std::shared_ptr<arrow::DataType> element;
    int64_t num_values;
    std::vector<uint8_t> quantized;  // two vectors of dim 9
    const char* expected;
    parquet::Type::type physical_type;
  } cases[] = {
      {Dtype::kFloat16, arrow::float16(), 9, std::vector<uint8_t>(36, 0x3c),
       "[[1.05859375, 1.05859375, 1.05859375, 1.05859375, 1.05859375, 1.05859375, 1.05859375, "
       "1.05859375, 1.05859375], null]",
       parquet::Type::FIXED_LEN_BYTE_ARRAY},
      {Dtype::kInt8, arrow::int8(), 9, std::vector<uint8_t>(18, 0x80),
       "[[-128, -128, -128, -128, -128, -128, -128, -128, -128], null]", parquet::Type::INT32},
      {Dtype::kUint8, arrow::uint8(), 9, std::vector<uint8_t>(18, 255),
       "[[255, 255, 255, 255, 255, 255, 255, 255, 255], null]", parquet::Type::INT32},
      {Dtype::kBinary,
       arrow::int8(),
       2,
       {0x7f, 0x80, 0, 0},
       "[[127, -128], null]",
       parquet::Type::INT32},
      {Dtype::kUbinary,
       arrow::uint8(),
       2,
       {255, 0x80, 0, 0},
       "[[255, 128], null]",
       parquet::Type::INT32},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(DtypeName(c.dtype));
    const auto reader = OpenTable({OneColumn(R"([{"text":"a"},{"text":null}])")});
    ParquetWriterOptions options = Options();
    options.columns[0].dim = 9;
    options.dtype = c.dtype;
    options.replace = true;
    const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
    writer->Write(*reader->Next(),
                  {.columns = {{.values = {}, .offsets = {}, .quantized = c.quantized}},
                   .accounts = {{.num_tokens = 2}, {.is_null = true}}});
    writer->Finish();
    const auto column = ReadParquet(output_)->GetColumnByName("embedding");
    const auto type = arrow::fixed_size_list(arrow::field("element", c.element, /*nullable=*/false),
                                             static_cast<int32_t>(c.num_values));
    ASSERT_TRUE(column->type()->Equals(*type)) << column->type()->ToString();
    const auto expected = arrow::json::ArrayFromJSONString(type, c.expected).ValueOrDie();
    EXPECT_TRUE(column->Equals(arrow::ChunkedArray(expected))) << column->ToString();
    const auto file = parquet::ParquetFileReader::OpenFile(output_);
    EXPECT_EQ(file->metadata()->schema()->Column(1)->physical_type(), c.physical_type);
  }
}

TEST_F(ParquetWriterTest, BytesTakeAByte) {
  constexpr int64_t kNumRows = 4000;
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  std::string rows = R"([{"text":"a"})";
  for (int64_t i = 1; i < kNumRows; ++i) rows += R"(,{"text":"a"})";
  const auto reader = OpenTable({OneColumn(rows + "]")});
  ParquetWriterOptions options = Options();
  options.columns[0].dim = 64;
  options.dtype = Dtype::kInt8;
  const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
  Embeddings made{.columns = {Embeddings::Column()},
                  .accounts = std::vector<RowAccount>(kNumRows, RowAccount{.num_tokens = 2})};
  std::mt19937 random(1);
  std::vector<uint8_t>& bytes = made.columns[0].quantized;
  bytes.resize(kNumRows * 64);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  writer->Write(*reader->Next(), made);
  writer->Finish();
  // And some for each row, which say where a list begins.
  EXPECT_LT(ReadBytes(output_).size(), bytes.size() + 6 * kNumRows);
}

TEST_F(ParquetWriterTest, Accounts) {
  ParquetWriterOptions options = Options();
  options.accounts = true;
  options.columns[0].name = "v";
  const auto out =
      Embed(OneColumn(R"([{"text":"a"},{"text":null},{"text":"long"},{"text":"bad"}])"), options);
  EXPECT_EQ(out->schema()->field_names(),
            (Strings{"text", "v", "v_tokens", "v_truncated", "v_error"}));
  const auto batch = out->CombineChunksToBatch().ValueOrDie();
  const auto expect = [&](const char* name, const std::shared_ptr<arrow::DataType>& type,
                          const char* values) {
    const auto expected = arrow::json::ArrayFromJSONString(type, values).ValueOrDie();
    EXPECT_TRUE(batch->GetColumnByName(name)->Equals(expected))
        << batch->GetColumnByName(name)->ToString();
  };
  expect("v_tokens", arrow::int32(), "[7, 0, 7, 7]");
  expect("v_truncated", arrow::boolean(), "[false, false, true, false]");
  expect("v_error", arrow::utf8(), R"([null, null, null, "invalid UTF-8 was replaced by U+FFFD"])");
}

TEST_F(ParquetWriterTest, FooterPairs) {
  const auto schema =
      arrow::schema({arrow::field("text", arrow::utf8())},
                    arrow::key_value_metadata({"kept", "vecmill.dim"}, {"1", "old"}));
  const std::string input =
      WriteParquet(folder_ / "in.parquet", {BatchOf(schema, R"([{"text":"a"}])")}, schema);
  ParquetWriterOptions options = Options();
  options.metadata = {{"vecmill.dim", "3"}, {"vecmill.model", "m"}};
  const auto reader = OpenTable({input});
  const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
  writer->AddMetadata("vecmill.late", "l");
  writer->AddMetadata("vecmill.model", "late");
  writer->Finish();
  std::map<std::string, std::string> footer = FooterMetadata(output_);
  EXPECT_EQ(footer.erase("ARROW:schema"), 1U);
  EXPECT_EQ(
      footer,
      (std::map<std::string, std::string>{
          {"kept", "1"}, {"vecmill.dim", "3"}, {"vecmill.late", "l"}, {"vecmill.model", "late"}}));
}

TEST_F(ParquetWriterTest, ATableWithoutRows) {
  const auto out = Embed(OneColumn("[]"));
  EXPECT_EQ(out->num_rows(), 0);
  EXPECT_EQ(out->schema()->field_names(), (Strings{"text", "embedding"}));
}

TEST_F(ParquetWriterTest, RowGroupsAreBounded) {
  ParquetWriterOptions options = Options();
  const std::string input = OneColumn();
  const auto num_groups = [&] {
    const auto reader = OpenTable({input, input, input, input});
    options.replace = true;
    const auto writer = ParquetWriter::Open(output_, reader->schema(), options);
    while (const std::optional<Chunk> chunk = reader->Next()) WriteRows(*writer, *chunk);
    writer->Finish();
    EXPECT_EQ(ReadParquet(output_)->num_rows(), 12);
    return parquet::ParquetFileReader::OpenFile(output_)->metadata()->num_row_groups();
  };
  EXPECT_EQ(num_groups(), 1);
  options.max_group_rows = 6;
  EXPECT_EQ(num_groups(), 2);
  options.max_group_bytes = 1;
  EXPECT_EQ(num_groups(), 4);
}

TEST_F(ParquetWriterTest, TheOutputAppearsWhenComplete) {
  const auto reader = OpenTable({OneColumn()});
  auto writer = ParquetWriter::Open(output_, reader->schema(), Options());
  WriteRows(*writer, *reader->Next());
  EXPECT_FALSE(std::filesystem::exists(output_));
  EXPECT_EQ(folder_.Names().size(), 2U);  // in.parquet and the temporary file
  writer->Finish();
  EXPECT_EQ(folder_.Names(), (Strings{"in.parquet", "out.parquet"}));
}

TEST_F(ParquetWriterTest, WithoutFinishNothingIsLeft) {
  const auto reader = OpenTable({OneColumn()});
  auto writer = ParquetWriter::Open(output_, reader->schema(), Options());
  WriteRows(*writer, *reader->Next());
  writer.reset();
  EXPECT_EQ(folder_.Names(), (Strings{"in.parquet"}));
}

TEST_F(ParquetWriterTest, AnOutputThatExistsIsRefusedOrReplaced) {
  const std::string input = OneColumn();
  folder_.Write("out.parquet", "precious");
  const auto reader = OpenTable({input});
  ParquetWriterOptions options = Options();
  const Error error = ErrorOf([&] { ParquetWriter::Open(output_, reader->schema(), options); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(std::string(error.what()).starts_with(output_ + ": exists already"));
  EXPECT_EQ(ReadBytes(output_), "precious");

  options.replace = true;
  ParquetWriter::Open(output_, reader->schema(), options).reset();
  EXPECT_EQ(ReadBytes(output_), "precious");
  EXPECT_EQ(Embed(input, options)->num_rows(), 3);
}

TEST_F(ParquetWriterTest, AnOutputThatComesToExistIsNotOverwritten) {
  const auto reader = OpenTable({OneColumn()});
  auto writer = ParquetWriter::Open(output_, reader->schema(), Options());
  folder_.Write("out.parquet", "precious");
  EXPECT_EQ(ErrorOf([&] { writer->Finish(); }).code(), ErrorCode::kInvalidArgument);
  writer.reset();
  EXPECT_EQ(folder_.Names(), (Strings{"in.parquet", "out.parquet"}));
  EXPECT_EQ(ReadBytes(output_), "precious");
}

TEST_F(ParquetWriterTest, CheckingAnOutputLeavesNothing) {
  CheckOutput(output_, /*replace=*/false);
  EXPECT_EQ(folder_.Names(), Strings{});
  folder_.Write("out.parquet", "precious");
  EXPECT_EQ(ErrorOf([&] { CheckOutput(output_, /*replace=*/false); }).code(),
            ErrorCode::kInvalidArgument);
  CheckOutput(output_, /*replace=*/true);
  EXPECT_EQ(ReadBytes(output_), "precious");
}

TEST_F(ParquetWriterTest, RefusalsBeforeAnythingIsWritten) {
  const auto reader = OpenTable({OneColumn()});
  const auto refusal = [&](const std::string& path, const std::string& column, bool accounts) {
    ParquetWriterOptions options = Options();
    options.columns[0].name = column;
    options.accounts = accounts;
    return ErrorOf([&] { ParquetWriter::Open(path, reader->schema(), options); });
  };
  const Error taken = refusal(output_, "text", false);
  EXPECT_EQ(taken.code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(std::string(taken.what()).find("there is a column 'text' already"), std::string::npos);
  ParquetWriterOptions options = Options();
  options.accounts = true;
  options.columns.push_back({.name = "embedding_tokens", .dim = 1});
  EXPECT_EQ(ErrorOf([&] { ParquetWriter::Open(output_, reader->schema(), options); }).code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(folder_.path(), "v", false).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(folder_ / "none/out.parquet", "v", false).code(), ErrorCode::kNotFound);
  EXPECT_EQ(folder_.Names(), (Strings{"in.parquet"}));
}

// A limit on file sizes stands in for a full disk: the write fails with EFBIG instead of ENOSPC.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t num_bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit limit = {num_bytes, old_limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST_F(ParquetWriterTest, AFailedWriteIsKeptAndLeavesNothing) {
  const std::string input = OneColumn();
  const auto reader = OpenTable({input});
  const std::optional<Chunk> chunk = reader->Next();
  ParquetWriterOptions options = Options();
  options.max_group_bytes = 1;
  for (const rlim_t limit : {0, 4, 200, 300, 1000}) {
    SCOPED_TRACE(limit);
    auto writer = ParquetWriter::Open(output_, reader->schema(), options);
    const FileSizeLimit full_disk(limit);
    const auto write_all = [&] {
      for (int i = 0; i < 100; ++i) WriteRows(*writer, *chunk);
      writer->Finish();
    };
    const Error error = ErrorOf(write_all);
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_TRUE(std::string(error.what()).starts_with(output_ + ": cannot write: "))
        << error.what();
    EXPECT_NE(std::string(error.what()).find("File too large"), std::string::npos) << error.what();
    EXPECT_EQ(std::string(ErrorOf([&] { writer->Finish(); }).what()), error.what());
    writer.reset();
    EXPECT_EQ(folder_.Names(), (Strings{"in.parquet"}));
  }
}

}  // namespace
}  // namespace vecmill

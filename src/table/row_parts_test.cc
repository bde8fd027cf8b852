#include "table/row_parts.h"

#include <gtest/gtest.h>

#include "table/table_fixture.h"

namespace vecmill {
namespace {

std::shared_ptr<arrow::Schema> InputSchema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8()),
                        arrow::field("tags", arrow::list(arrow::utf8()))});
}

Chunk ThreeRows() {
  return {.batch = BatchOf(InputSchema(), R"([{"id": 1, "text": "one two", "tags": ["a", "b"]},
                                              {"id": 2, "text": null, "tags": null},
                                              {"id": 3, "text": "three", "tags": []}])"),
          .file = "rows.parquet"};
}

// The chunk `parts` as JSON would have it.
void ExpectRows(const Chunk& parts, const std::string& json) {
  EXPECT_TRUE(parts.batch->ValidateFull().ok());
  EXPECT_TRUE(parts.batch->Equals(*BatchOf(parts.batch->schema(), json)))
      << parts.batch->ToString();
}

TEST(TakeParts, RepeatsColumnsAndCutsTheText) {
  const auto schema = SchemaOfParts(*InputSchema(), "text", {.name = "v"});
  const std::vector<RowPart> parts = {{0, 0, 2, TextSpan{0, 3}},
                                      {0, 1, 2, TextSpan{4, 7}},
                                      {1, 0, 1, std::nullopt},
                                      {2, 0, 1, TextSpan{0, 5}}};
  ExpectRows(TakeParts(ThreeRows(), parts, 100, "text", schema), R"([
    {"id": 1, "text": "one", "tags": ["a", "b"],
     "v_row": 100, "v_chunk": 0, "v_begin": 0, "v_end": 3},
    {"id": 1, "text": "two", "tags": ["a", "b"],
     "v_row": 100, "v_chunk": 1, "v_begin": 4, "v_end": 7},
    {"id": 2, "text": null, "tags": null, "v_row": 101, "v_chunk": 0, "v_begin": null, "v_end": null},
    {"id": 3, "text": "three", "tags": [], "v_row": 102, "v_chunk": 0, "v_begin": 0, "v_end": 5}])");
}

TEST(TakeParts, SaysThePassIfAskedFor) {
  const auto input = arrow::schema({arrow::field("text", arrow::utf8())});
  const auto schema = SchemaOfParts(*input, "text", {.name = "v", .has_pass = true});
  const Chunk rows = {.batch = BatchOf(input, R"([{"text": "one two"}])"), .file = "rows"};
  const std::vector<RowPart> parts = {
      {.part = 0, .num_parts = 2, .span = TextSpan{0, 3}, .pass = 0, .num_passes = 2},
      {.part = 1, .num_parts = 2, .span = TextSpan{4, 7}, .pass = 1}};
  ExpectRows(TakeParts(rows, parts, 5, "text", schema), R"([
    {"text": "one", "v_row": 5, "v_chunk": 0, "v_begin": 0, "v_end": 3, "v_pass": 0},
    {"text": "two", "v_row": 5, "v_chunk": 1, "v_begin": 4, "v_end": 7, "v_pass": 1}])");
}

TEST(TakeParts, TakesSomeOfTheRows) {
  const auto schema = SchemaOfParts(*InputSchema(), "text", {.name = "v"});
  const std::vector<RowPart> parts = {{2, 7, 9, TextSpan{1, 2}}};
  ExpectRows(TakeParts(ThreeRows(), parts, 0, "text", schema), R"([
    {"id": 3, "text": "h", "tags": [], "v_row": 2, "v_chunk": 7, "v_begin": 1, "v_end": 2}])");
  EXPECT_EQ(TakeParts(ThreeRows(), {}, 0, "text", schema).num_rows(), 0);
}

TEST(TakeParts, MakesTextOfAnyTypePlain) {
  for (const auto& type :
       {arrow::large_utf8(), arrow::binary(), arrow::large_binary(), arrow::utf8_view(),
        arrow::binary_view(), arrow::dictionary(arrow::int8(), arrow::utf8())}) {
    const auto input = arrow::schema({arrow::field("text", type)});
    const Chunk rows = {.batch = BatchOf(input, R"([{"text": "one two"}])"), .file = "rows"};
    const std::vector<RowPart> parts = {{0, 0, 2, TextSpan{0, 3}}, {0, 1, 2, TextSpan{4, 7}}};
    const Chunk taken =
        TakeParts(rows, parts, 0, "text", SchemaOfParts(*input, "text", {.name = "v"}));
    EXPECT_TRUE(taken.batch->ValidateFull().ok());
    const std::vector<TextRow> texts = TextRows(taken, "text");
    EXPECT_EQ(texts, (std::vector<TextRow>{"one", "two"})) << type->ToString();
  }
}

TEST(SchemaOfParts, RefusesAColumnThatIsThere) {
  const auto input =
      arrow::schema({arrow::field("text", arrow::utf8()), arrow::field("v_begin", arrow::utf8())});
  const Error error = ErrorOf([&] { SchemaOfParts(*input, "text", {.name = "v"}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(std::string(error.what()).find("'v_begin'"), std::string::npos);
}

TEST(RepeatedBytes, LeavesTheTextOut) {
  const auto input =
      arrow::schema({arrow::field("text", arrow::utf8()), arrow::field("page", arrow::utf8())});
  const std::string page(1000, 'x');
  const Chunk rows = {.batch = BatchOf(input, R"([{"text": "a long text", "page": ")" + page +
                                                  R"("}, {"text": "", "page": ""}])"),
                      .file = "rows"};
  EXPECT_GE(RepeatedBytes(rows, 0, "text"), 1000);
  EXPECT_LT(RepeatedBytes(rows, 1, "text"), 100);
}

}  // namespace
}  // namespace vecmill

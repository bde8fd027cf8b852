#include <gtest/gtest.h>

#include "table/table_fixture.h"

namespace vecmill {
namespace {

using Strings = std::vector<std::string>;

class TextFileTest : public testing::Test {
 protected:
  Strings Texts(const std::string& name, const std::string& content) {
    return ReadTexts(*OpenTable({folder_.Write(name, content)}));
  }

  std::string SchemaOf(const std::string& name, const std::string& content) {
    return OpenTable({folder_.Write(name, content)})->schema()->ToString();
  }

  Error Failure(const std::string& name, const std::string& content) {
    const std::string path = folder_.Write(name, content);
    return ErrorOf([&] { ReadTexts(*OpenTable({path})); });
  }

  TestFolder folder_;
};

TEST_F(TextFileTest, CsvTextStaysText) {
  EXPECT_EQ(Texts("a.csv", "id,text\n1,123\n2,true\n3,2024-01-01\n4,NA\n5,null\n"),
            (Strings{"123", "true", "2024-01-01", "NA", "null"}));
}

TEST_F(TextFileTest, CsvEmptyIsNullUnlessQuoted) {
  EXPECT_EQ(Texts("a.csv", "id,text\n1,\n2,\"\"\n3,\" \"\n"), (Strings{"(null)", "", " "}));
}

TEST_F(TextFileTest, CsvQuoting) {
  EXPECT_EQ(Texts("a.csv", "text,id\n\"a \"\"b\"\", c\nd\",1\r\n5\" pipe,2\n"),
            (Strings{"a \"b\", c\nd", "5\" pipe"}));
}

TEST_F(TextFileTest, TsvCutsAtTabs) {
  EXPECT_EQ(Texts("a.tsv", "id\ttext\n1\ta, b\n"), (Strings{"a, b"}));
}

TEST_F(TextFileTest, CsvInvalidUtf8GoesThrough) {
  EXPECT_EQ(Texts("a.csv",
                  "id,text\n1,a\xFF"
                  "b\n"),
            (Strings{"a\xFF"
                     "b"}));
}

TEST_F(TextFileTest, CsvByteOrderMarkIsNoPartOfTheFirstName) {
  EXPECT_EQ(Texts("a.csv", "\xEF\xBB\xBFtext\nx\n"), (Strings{"x"}));
}

TEST_F(TextFileTest, CsvTypes) {
  EXPECT_EQ(SchemaOf("a.csv", "text,i,d,b,day,none\nx,1,1.5,true,2024-02-29,\ny,2,3,false,,\n"),
            "text: string\ni: int64\nd: double\nb: bool\nday: date32[day]\nnone: string");
}

// More than one block, the later ones of other types than the first.
TEST_F(TextFileTest, CsvTypesHoldAllRowsOfTheFile) {
  std::string csv = "text,n,mixed,late\n";
  for (int i = 0; i < 200'000; ++i) csv += "some text of a row that is not short,1,1,\n";
  csv += "last,2.5,word,7\n";
  const auto reader = OpenTable({folder_.Write("a.csv", csv)});
  EXPECT_EQ(reader->schema()->ToString(), "text: string\nn: double\nmixed: string\nlate: int64");
  EXPECT_EQ(reader->total_rows(), 200'001);
  const auto table = ReadAll(*reader);
  EXPECT_EQ(table->num_rows(), 200'001);
  EXPECT_EQ(table->GetColumnByName("mixed")->GetScalar(200'000).ValueOrDie()->ToString(), "word");
  EXPECT_EQ(table->GetColumnByName("mixed")->GetScalar(0).ValueOrDie()->ToString(), "1");
  EXPECT_EQ(table->GetColumnByName("n")->GetScalar(200'000).ValueOrDie()->ToString(), "2.5");
  EXPECT_EQ(reader->bytes_read(), reader->total_bytes());
}

TEST_F(TextFileTest, CsvARowOfManyMegabytes) {
  const std::string long_text(20 << 20, 'x');
  const Strings texts = Texts("a.csv", "text\nshort\n\"" + long_text + "\"\nend\n");
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[1], long_text);
  EXPECT_EQ(texts[2], "end");
}

TEST_F(TextFileTest, CsvFailuresNameTheRow) {
  const Error ragged = Failure("a.csv", "text,n\na,1\nb,2\nc\n");
  EXPECT_EQ(ragged.code(), ErrorCode::kCorrupt);
  EXPECT_NE(
      std::string(ragged.what()).find("a.csv: row 2 has 1 fields, the header names 2 columns: c"),
      std::string::npos)
      << ragged.what();
  EXPECT_EQ(Failure("b.csv", "text,a,a\nx,1,2\n").code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Failure("c.csv", "body\nx\n").code(), ErrorCode::kInvalidArgument);
}

TEST_F(TextFileTest, CsvHeaderAloneIsATableWithoutRows) {
  const auto reader = OpenTable({folder_.Write("a.csv", "text,n\n")});
  EXPECT_EQ(reader->total_rows(), 0);
  EXPECT_EQ(reader->Next(), std::nullopt);
}

TEST_F(TextFileTest, JsonKeepsOrderAndNestedColumns) {
  EXPECT_EQ(SchemaOf("a.jsonl",
                     R"({"id": 1, "text": "a", "tags": ["x"], "meta": {"n": 1.5, "none": null}})"
                     "\n"),
            "id: int64\ntext: string\ntags: list<item: string>\n"
            "meta: struct<n: double, none: string>");
}

TEST_F(TextFileTest, JsonNullAndEmptyAndMissing) {
  EXPECT_EQ(Texts("a.jsonl", "{\"text\": null, \"n\": 1}\n\n{\"text\": \"\"}\n{\"n\": 2}\n"),
            (Strings{"(null)", "", "(null)"}));
}

TEST_F(TextFileTest, JsonTextThatLooksLikeATimeStaysText) {
  EXPECT_EQ(Texts("a.ndjson", "{\"text\": \"2024-01-01 00:00:00\"}\n{\"text\": \"2024-01-02\"}"),
            (Strings{"2024-01-01 00:00:00", "2024-01-02"}));
}

TEST_F(TextFileTest, JsonFieldsMayAppearLate) {
  std::string jsonl;
  for (int i = 0; i < 100'000; ++i)
    jsonl += "{\"text\": \"some text of a row\", \"n\": 1, \"l\": []}\n";
  jsonl += "{\"late\": true, \"text\": \"last\", \"n\": 2.5, \"l\": [{\"k\": 1}]}\n";
  const auto reader = OpenTable({folder_.Write("a.json", jsonl)});
  EXPECT_EQ(reader->schema()->field_names(), (Strings{"text", "n", "l", "late"}));
  const auto table = ReadAll(*reader);
  ASSERT_EQ(table->num_rows(), 100'001);
  EXPECT_EQ(table->GetColumnByName("n")->GetScalar(100'000).ValueOrDie()->ToString(), "2.5");
  EXPECT_FALSE(table->GetColumnByName("late")->GetScalar(0).ValueOrDie()->is_valid);
}

TEST_F(TextFileTest, JsonFailuresNameTheFile) {
  EXPECT_EQ(Failure("a.jsonl", "{\"text\": \"a\"}\n{\"text\": \n").code(), ErrorCode::kCorrupt);
  EXPECT_EQ(Failure("b.jsonl", "{\"text\": 1}\n").code(), ErrorCode::kInvalidArgument);
  const Error mixed = Failure("c.jsonl", "{\"text\": \"a\"}\n{\"text\": {}}\n");
  EXPECT_NE(std::string(mixed.what()).find("c.jsonl: "), std::string::npos) << mixed.what();
}

TEST_F(TextFileTest, CompressedFilesReadTheSame) {
  const std::string csv = "id,text\n1,one\n2,two\n";
  const auto gzip = Compress(csv, arrow::Compression::GZIP);
  EXPECT_EQ(Texts("a.csv.gz", gzip), (Strings{"one", "two"}));
  EXPECT_EQ(Texts("b.csv.zst", Compress(csv, arrow::Compression::ZSTD)), (Strings{"one", "two"}));
  EXPECT_EQ(Texts("c.jsonl.gz", Compress("{\"text\": \"x\"}", arrow::Compression::GZIP)),
            (Strings{"x"}));
  // Joined archives are one stream.
  EXPECT_EQ(Texts("d.csv.gz", gzip + Compress("3,three\n", arrow::Compression::GZIP)),
            (Strings{"one", "two", "three"}));
}

TEST_F(TextFileTest, ACompressedFileCutShortIsAnError) {
  const std::string gzip = Compress("id,text\n1,one\n2,two\n", arrow::Compression::GZIP);
  const std::string zstd = Compress("id,text\n1,one\n2,two\n", arrow::Compression::ZSTD);
  for (size_t size = 1; size < gzip.size(); ++size) {
    EXPECT_EQ(Failure("a.csv.gz", gzip.substr(0, size)).code(), ErrorCode::kCorrupt) << size;
  }
  for (size_t size = 1; size < zstd.size(); ++size) {
    EXPECT_EQ(Failure("a.csv.zst", zstd.substr(0, size)).code(), ErrorCode::kCorrupt) << size;
  }
}

TEST_F(TextFileTest, FilesOfAFolderShareTypes) {
  folder_.Write("1.jsonl", "{\"text\": \"a\", \"n\": 1}\n");
  folder_.Write("2.jsonl", "");
  folder_.Write("3.jsonl", "{\"n\": 1.5, \"text\": \"b\", \"extra\": \"e\"}\n");
  const auto reader = OpenTable({folder_.path()});
  EXPECT_EQ(reader->schema()->ToString(), "text: string\nn: double\nextra: string");
  EXPECT_EQ(ReadTexts(*reader), (Strings{"a", "b"}));
}

TEST_F(TextFileTest, CsvFilesOfDifferentColumnsAreRefused) {
  folder_.Write("1.csv", "text,n\na,1\n");
  folder_.Write("2.csv", "text,m\nb,1\n");
  const Error error = ErrorOf([&] { OpenTable({folder_.path()}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(std::string(error.what()).find("2.csv: column 1 is 'm', but in "), std::string::npos)
      << error.what();
}

TEST_F(TextFileTest, EmptyFilesAloneAreNoTable) {
  EXPECT_EQ(Failure("a.csv", "").code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Failure("b.jsonl", "\n\n").code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace vecmill

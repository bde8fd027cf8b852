#include "table/input_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "table/file_system.h"
#include "table/table_fixture.h"

namespace vecmill {
namespace {

class InputFilesTest : public testing::Test {
 protected:
  InputFilesTest() {
    for (const char* name : {"b.csv", "a.parquet", "sub/c.jsonl.gz", "sub/deep/d.TSV.zst",
                             "_SUCCESS", ".hidden.csv", "_temporary/e.csv", "notes.md"}) {
      folder_.Write(name, "12345");
    }
  }

  std::vector<std::string> List(const std::vector<std::string>& patterns) {
    std::vector<std::string> names;
    for (const InputFile& file : ListInputFiles(patterns)) {
      names.push_back(std::filesystem::path(file.path).lexically_relative(folder_.path()).string());
    }
    return names;
  }

  ErrorCode Refusal(const std::string& pattern, const std::string& message_part) {
    const Error error = ErrorOf([&] { ListInputFiles({pattern}); });
    EXPECT_NE(std::string(error.what()).find(message_part), std::string::npos) << error.what();
    return error.code();
  }

  TestFolder folder_;
};

TEST_F(InputFilesTest, AFolderGivesItsDataFilesSorted) {
  const std::vector<std::string> expected = {"a.parquet", "b.csv", "sub/c.jsonl.gz",
                                             "sub/deep/d.TSV.zst"};
  EXPECT_EQ(List({folder_.path()}), expected);
  EXPECT_EQ(List({folder_.path() + "/"}), expected);
}

TEST_F(InputFilesTest, PatternsKeepTheirOrder) {
  EXPECT_EQ(List({folder_ / "b.csv", folder_ / "a.parquet"}),
            (std::vector<std::string>{"b.csv", "a.parquet"}));
}

TEST_F(InputFilesTest, Globs) {
  EXPECT_EQ(List({folder_ / "*.csv"}), (std::vector<std::string>{"b.csv"}));
  EXPECT_EQ(List({folder_ / "[ab].*"}), (std::vector<std::string>{"a.parquet", "b.csv"}));
  EXPECT_EQ(List({folder_ / "s*/*.gz"}), (std::vector<std::string>{"sub/c.jsonl.gz"}));
  EXPECT_EQ(List({folder_ / "**/*.zst"}), (std::vector<std::string>{"sub/deep/d.TSV.zst"}));
}

TEST_F(InputFilesTest, AFileNamedLikeAGlobIsThatFile) {
  folder_.Write("[ab].csv", "");
  EXPECT_EQ(List({folder_ / "[ab].csv"}), (std::vector<std::string>{"[ab].csv"}));
}

TEST_F(InputFilesTest, FormatsFollowFromExtensions) {
  const std::vector<InputFile> files = ListInputFiles({folder_.path()});
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[0].format, FileFormat::kParquet);
  EXPECT_EQ(files[1].format, FileFormat::kCsv);
  EXPECT_EQ(files[2].format, FileFormat::kJsonl);
  EXPECT_EQ(files[2].compression, Compression::kGzip);
  EXPECT_EQ(files[3].format, FileFormat::kTsv);
  EXPECT_EQ(files[3].compression, Compression::kZstd);
  EXPECT_EQ(files[3].size_bytes, 5);
}

TEST_F(InputFilesTest, RefusalsSayWhy) {
  EXPECT_EQ(Refusal(folder_ / "none.csv", "none.csv: no such file"), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal(folder_ / "*.jsonl", "matches no data file"), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal(folder_ / "none/*.csv", "none: cannot list"), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal(folder_ / "notes.md", "known are .parquet"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refusal("gs://bucket/a.csv", "s3://"), ErrorCode::kUnsupported);
  EXPECT_EQ(Refusal("s3:///a.csv", "no bucket"), ErrorCode::kInvalidArgument);
  ASSERT_EQ(::mkfifo((folder_ / "pipe.csv").c_str(), 0600), 0);
  EXPECT_EQ(Refusal(folder_ / "pipe.csv", "a pipe"), ErrorCode::kInvalidArgument);
}

TEST_F(InputFilesTest, LoopsOfLinksEnd) {
  std::filesystem::create_directory_symlink(folder_.path(), folder_ / "sub/up");
  EXPECT_EQ(List({folder_.path()}).size(), 4U);
}

TEST(S3Uri, Parts) {
  const S3Uri uri = ParseS3Uri("s3://KEY:se/cret@bucket/a b/c%20.csv?region=x&scheme=http");
  EXPECT_EQ(uri.bucket, "bucket");
  EXPECT_EQ(uri.authority, "KEY:se/cret@bucket");
  EXPECT_EQ(uri.key, "a b/c%20.csv");
  EXPECT_EQ(uri.parameters, "?region=x&scheme=http");
  EXPECT_EQ(ParseS3Uri("s3://bucket").key, "");
  EXPECT_EQ(ParseS3Uri("s3://bucket/a/").key, "a");
}

TEST(S3Uri, MessagesShowNoSecret) {
  EXPECT_EQ(DisplayPath("s3://KEY:se/cret@bucket/a.csv?access=1"), "s3://bucket/a.csv");
  EXPECT_EQ(DisplayPath("/a?b@c"), "/a?b@c");
}

}  // namespace
}  // namespace vecmill

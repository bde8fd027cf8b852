#include "table/row_blocks.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "vecmill/error.h"

namespace vecmill {
namespace {

std::vector<std::string> Blocks(const std::string& text, std::optional<char> csv_delimiter,
                                int64_t block_bytes, int64_t max_row_bytes = 1000) {
  RowBlocks blocks(std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text)),
                   {.where = "f",
                    .csv_delimiter = csv_delimiter,
                    .block_bytes = block_bytes,
                    .max_row_bytes = max_row_bytes});
  std::vector<std::string> found;
  while (const auto block = blocks.Next()) found.push_back(block->ToString());
  return found;
}

using Strings = std::vector<std::string>;

TEST(RowBlocks, CutBehindTheLastNewline) {
  EXPECT_EQ(Blocks("ab\ncd\nef\n", std::nullopt, 7), (Strings{"ab\ncd\n", "ef\n"}));
}

TEST(RowBlocks, LastRowNeedsNoNewline) {
  EXPECT_EQ(Blocks("ab\ncd", std::nullopt, 3), (Strings{"ab\n", "cd"}));
  EXPECT_EQ(Blocks("", std::nullopt, 3), Strings{});
}

TEST(RowBlocks, ALongRowMakesALongBlock) {
  const std::string row(100, 'x');
  EXPECT_EQ(Blocks("a\n" + row + "\nb\n", std::nullopt, 4), (Strings{"a\n", row + "\nb\n"}));
}

TEST(RowBlocks, NewlinesInQuotesDoNotEndARow) {
  EXPECT_EQ(Blocks("\"a\nb\",c\nd,e\n", ',', 8), (Strings{"\"a\nb\",c\n", "d,e\n"}));
  EXPECT_EQ(Blocks("\"a\"\"\nb\"\nd\n", ',', 8), (Strings{"\"a\"\"\nb\"\n", "d\n"}));
}

TEST(RowBlocks, AQuoteWithinAFieldIsAPlainCharacter) {
  EXPECT_EQ(Blocks("5\" pipe\nx\n", ',', 4), (Strings{"5\" pipe\n", "x\n"}));
  EXPECT_EQ(Blocks("a\t\"b\nc\"\nx\n", '\t', 8), (Strings{"a\t\"b\nc\"\n", "x\n"}));
}

// The state must survive the end of a block wherever it falls.
TEST(RowBlocks, EveryBlockSizeGivesTheSameRows) {
  const std::string text = "a,\"b\"\"\n\n\",\"\"\n1,2\n\"\n\",\"x\"\"\"\nlast";
  for (int64_t block_bytes = 1; block_bytes < 40; ++block_bytes) {
    std::string joined;
    for (const std::string& block : Blocks(text, ',', block_bytes)) {
      int64_t quotes = std::count(block.begin(), block.end(), '"');
      EXPECT_EQ(quotes % 2, 0) << block_bytes << ": " << block;
      joined += block;
    }
    EXPECT_EQ(joined, text);
  }
}

TEST(RowBlocks, TheByteOrderMarkIsLeftOut) {
  EXPECT_EQ(Blocks("\xEF\xBB\xBF"
                   "ab\nc\n",
                   std::nullopt, 6),
            (Strings{"ab\n", "c\n"}));
}

TEST(RowBlocks, AnEndlessRowIsRefused) {
  try {
    Blocks("a\n\"" + std::string(500, '\n'), ',', 8, 100);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_STREQ(error.what(), "f: no row end within 100 bytes; a quote may not be closed");
  }
}

}  // namespace
}  // namespace vecmill

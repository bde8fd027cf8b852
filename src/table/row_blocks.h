// table/row_blocks.h: a stream of text cut into blocks of whole rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace arrow {
class ResizableBuffer;
class Buffer;
}  // namespace arrow
namespace arrow::io {
class InputStream;
}

namespace vecmill {

// A row ends at '\n'. In CSV a newline within quotes belongs to the row: a field is quoted when '"'
// is its first character, and '""' within quotes is one '"' (RFC 4180).
class RowBlocks {
 public:
  struct Options {
    std::string where;                  // the file, for messages
    std::optional<char> csv_delimiter;  // asks for the rule of CSV
    int64_t block_bytes = 4 << 20;      // of a block; longer where one row is
    int64_t max_row_bytes = 1 << 30;
  };

  RowBlocks(std::shared_ptr<arrow::io::InputStream> stream, Options options);

  // The next block, or nullptr at the end. A byte order mark at the beginning of the stream is left
  // out. Errors: kUnsupported for a row longer than max_row_bytes, kIo, kCorrupt (compressed data).
  std::shared_ptr<arrow::Buffer> Next();

 private:
  enum class State { kFieldBegin, kUnquoted, kQuoted, kQuoteInQuoted };

  int64_t Read();
  void FindRowEnds();
  std::shared_ptr<arrow::Buffer> Cut(int64_t num_bytes);

  const std::shared_ptr<arrow::io::InputStream> stream_;
  const Options options_;
  std::shared_ptr<arrow::ResizableBuffer> pending_;  // read, not yet handed out
  int64_t scanned_ = 0;                              // bytes of pending_ that FindRowEnds has seen
  int64_t rows_end_ = 0;                             // behind the last row end among them
  State state_ = State::kFieldBegin;
  bool at_begin_ = true;
  bool at_end_ = false;
};

}  // namespace vecmill

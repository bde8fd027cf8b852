#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>

#include "base/half.h"
#include "base/json.h"
#include "base/stopwatch.h"
#include "base/utf8.h"
#include "run/chunked_pipeline.h"
#include "run/column_quantizers.h"
#include "run/embed_job.h"
#include "run/pipeline.h"
#include "run/row_failures.h"
#include "run/run_recorder.h"
#include "vecmill/error.h"

namespace vecmill {
namespace {

// A window is closed at whichever comes first; both bound memory, neither changes a vector.
constexpr int64_t kMaxWindowRows = 4096;
constexpr size_t kMaxWindowBytes = 1 << 20;
constexpr size_t kReadBytes = 1 << 16;

using Text = std::shared_ptr<const std::string>;

[[noreturn]] void ThrowErrno(const char* where) {
  throw Error(ErrorCode::kIo, std::string(where) + ": " + std::strerror(errno));
}

// Cuts a stream of bytes into windows of whole lines.
class LineSource {
 public:
  LineSource(int fd, const std::atomic<bool>& stop) : fd_(fd), stop_(stop) {}

  std::optional<Window<Text>> Next() {
    std::string text = std::exchange(unfinished_line_, {});
    size_t complete = 0;  // text[:complete] is whole lines
    int64_t num_lines = 0;
    while (num_lines == 0 || (num_lines < kMaxWindowRows && complete < kMaxWindowBytes &&
                              (ended_ || InputIsWaiting()))) {
      const size_t num_read = ended_ ? 0 : Read(text);
      if (num_read == 0) {
        if (stop_ || text.empty()) return std::nullopt;
        if (complete < text.size()) text.push_back('\n');
        complete = text.size();
        break;
      }
      for (size_t i = text.size() - num_read; i < text.size(); ++i) {
        if (text[i] != '\n') continue;
        complete = i + 1;
        ++num_lines;
      }
    }
    unfinished_line_ = text.substr(complete);
    text.resize(complete);
    return Lines(std::move(text));
  }

 private:
  bool InputIsWaiting() const {
    pollfd poll_fd = {.fd = fd_, .events = POLLIN, .revents = 0};
    return poll(&poll_fd, 1, /*timeout=*/0) > 0;
  }

  // Append up to kReadBytes to `text`; 0 at the end of the input or when asked to stop.
  size_t Read(std::string& text) {
    const size_t size = text.size();
    text.resize(size + kReadBytes);
    ssize_t num_read = 0;
    do {
      num_read = stop_ ? 0 : read(fd_, text.data() + size, kReadBytes);
    } while (num_read < 0 && errno == EINTR);
    if (num_read < 0) ThrowErrno("standard input: cannot read");
    ended_ = num_read == 0;
    text.resize(size + static_cast<size_t>(num_read));
    return static_cast<size_t>(num_read);
  }

  // `text` is whole lines, each ended by LF or CR LF.
  static Window<Text> Lines(std::string text) {
    Window<Text> window{.owner = std::make_shared<const std::string>(std::move(text)), .rows = {}};
    std::string_view rest = *window.owner;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      window.rows.emplace_back(line);
      rest.remove_prefix(end + 1);
    }
    return window;
  }

  const int fd_;
  const std::atomic<bool>& stop_;
  std::string unfinished_line_;
  bool ended_ = false;
};

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno("standard output: cannot write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// What JSON writes of value `i` of a vector.
std::variant<float, int> ValueAt(const uint8_t* vector, int64_t i, Dtype dtype) {
  const uint8_t* bytes = vector + i * BytesOfValue(dtype);
  if (dtype == Dtype::kFloat32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }
  if (dtype == Dtype::kFloat16) {
    uint16_t half = 0;
    std::memcpy(&half, bytes, sizeof(half));
    return F32FromF16(half);
  }
  const bool is_signed = dtype == Dtype::kInt8 || dtype == Dtype::kBinary;
  return is_signed ? static_cast<int>(static_cast<int8_t>(*bytes)) : static_cast<int>(*bytes);
}

void AppendVector(const uint8_t* vector, int64_t num_values, Dtype dtype, std::string& out) {
  char digits[32];
  out += '[';
  for (int64_t i = 0; i < num_values; ++i) {
    if (i > 0) out += ',';
    std::visit(
        [&](auto value) {
          out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
        },
        ValueAt(vector, i, dtype));
  }
  out += ']';
}

// The vector of a row, the list of its tokens' vectors, or null.
void AppendVectors(const Embeddings& embeddings, size_t column_idx, const ColumnDescription& column,
                   size_t row, Dtype dtype, std::string& out) {
  if (!embeddings.accounts[row].has_vector()) {
    out += "null";
    return;
  }
  const Embeddings::Column& made = embeddings.columns[column_idx];
  const auto* vectors = dtype == Dtype::kFloat32
                            ? reinterpret_cast<const uint8_t*>(made.values.data())
                            : made.quantized.data();
  const int64_t num_values = StoredValues(dtype, column.dim);
  const int64_t num_bytes = num_values * BytesOfValue(dtype);
  if (!column.per_token()) {
    AppendVector(vectors + static_cast<int64_t>(row) * num_bytes, num_values, dtype, out);
    return;
  }
  out += '[';
  for (int64_t i = made.offsets[row]; i < made.offsets[row + 1]; ++i) {
    if (i > made.offsets[row]) out += ',';
    AppendVector(vectors + i * num_bytes, num_values, dtype, out);
  }
  out += ']';
}

// Which part of which line a chunk is.
std::string PlaceOf(const RowPart& chunk, int64_t row_begin, bool has_pass) {
  return ",\"row\":" + std::to_string(row_begin + chunk.row) +
         ",\"chunk\":" + std::to_string(chunk.part) +
         ",\"begin\":" + std::to_string(chunk.span->begin) +
         ",\"end\":" + std::to_string(chunk.span->end) +
         (has_pass ? ",\"pass\":" + std::to_string(chunk.pass) : "");
}

void AppendJsonLine(std::string_view text, const Embeddings& made,
                    const std::vector<ColumnDescription>& columns, size_t row, const EmbedJob& job,
                    const std::string& place, std::string& out) {
  out += "{\"text\":" + Json(ReplaceInvalidUtf8(text)).Dump() + place;
  if (job.accounts) {
    const RowAccount& account = made.accounts[row];
    out += ",\"tokens\":" + std::to_string(account.num_tokens);
    out += account.truncated ? ",\"truncated\":true" : ",\"truncated\":false";
    const std::string error = RowError(account);
    out += ",\"error\":" + (error.empty() ? "null" : Json(error).Dump());
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    out += "," + Json(columns[c].name).Dump() + ":";
    AppendVectors(made, c, columns[c], row, job.dtype, out);
  }
  out += "}\n";
}

}  // namespace

RunSummary RunEmbedLines(const EmbedJob& job, int input_fd, int output_fd,
                         const std::atomic<bool>& stop, const ProgressFn& on_progress) {
  if (HasRanges(job.dtype) && job.ranges.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "standard input: dtype " + std::string(DtypeName(job.dtype)) +
                    " needs --ranges: lines go through as they come, and a pipe has no footer to "
                    "hold the ranges of a sample");
  }
  RunRecorder recorder(job, "-");
  ColumnQuantizers quantizers(job, recorder.embedder().description());
  LineSource lines(input_fd, stop);
  const std::vector<ColumnDescription>& columns = recorder.embedder().description().columns;

  const int64_t max_tokens = recorder.embedder().description().max_seq_length;
  const bool has_passes = recorder.embedder().description().chunk_context == ChunkContext::kRow;
  const auto source = [&] { return lines.Next(); };
  const auto write = [&](const std::string& out, const Embeddings& made, const Stopwatch& watch) {
    WriteAll(output_fd, out);
    recorder.Wrote(made.accounts, watch.Seconds());
    on_progress(recorder.progress());
  };
  int64_t num_written = 0;
  const auto sink = [&](EmbeddedWindow<Text> done) {
    const Stopwatch watch;
    quantizers.Quantize(done.made);
    std::string out;
    for (size_t i = 0; i < done.window.rows.size(); ++i, ++num_written) {
      if (job.on_error == OnError::kFail) {
        ThrowIfRowFailed(done.made.accounts[i], "standard input", num_written, max_tokens);
      }
      AppendJsonLine(*done.window.rows[i], done.made, columns, i, job, "", out);
    }
    write(out, done.made, watch);
  };
  const auto sink_chunks = [&](EmbeddedWindow<CutRows<Text>> done) {
    const Stopwatch watch;
    const CutRows<Text>& cut = done.window.owner;
    quantizers.Quantize(done.made);
    std::string out;
    for (size_t i = 0; i < cut.chunks.size(); ++i) {
      if (job.on_error == OnError::kFail) {
        ThrowIfRowFailed(done.made.accounts[i], "standard input", cut.row_begin + cut.chunks[i].row,
                         max_tokens);
      }
      AppendJsonLine(*cut.TextOf(i), done.made, columns, i, job,
                     PlaceOf(cut.chunks[i], cut.row_begin, has_passes), out);
    }
    write(out, done.made, watch);
  };
  if (!job.embedder.chunks) {
    RunPipeline<Text>(recorder.embedder(), stop, source, sink);
  } else if (job.chunk_form == ChunkForm::kPool) {
    ChunkPooler::CheckColumns(columns);
    RunPooledPipeline<Text>(recorder.embedder(), stop, {.max_chunks = kMaxWindowRows}, source,
                            sink);
  } else {
    RunChunkedPipeline<Text>(recorder.embedder(), stop, {.max_chunks = kMaxWindowRows}, source,
                             sink_chunks);
  }
  RunSummary summary = recorder.Finish(stop);
  quantizers.AddTo(summary);
  return summary;
}

}  // namespace vecmill

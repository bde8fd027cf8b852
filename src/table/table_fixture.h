// table/table_fixture.h: files for the tests of this room, made by Arrow itself.
#pragma once

#include <arrow/array.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "table/table_reader.h"
#include "vecmill/error.h"

namespace vecmill {

// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "table_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

  // Everything in it, hidden files too, sorted, relative.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      names.push_back(entry.path().lexically_relative(path_).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // Write `bytes`, folders included; returns the path.
  std::string Write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
    return path.string();
  }

 private:
  std::filesystem::path path_;
};

// The Error that `fn` throws.
template <typename Fn>
Error ErrorOf(Fn&& fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("no Error was thrown");
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::shared_ptr<arrow::RecordBatch> BatchOf(const std::shared_ptr<arrow::Schema>& schema,
                                                   const std::string& json_rows) {
  const auto rows =
      arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json_rows).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(rows).ValueOrDie()->ReplaceSchema(schema).ValueOrDie();
}

// One row group for each batch.
inline std::string WriteParquet(const std::string& path,
                                const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                const std::shared_ptr<arrow::Schema>& schema) {
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  auto writer = parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), sink,
                                                 parquet::default_writer_properties(), properties)
                    .ValueOrDie();
  for (const auto& batch : batches) {
    const auto table = arrow::Table::FromRecordBatches({batch}).ValueOrDie();
    const arrow::Status status =
        writer->WriteTable(*table, std::max<int64_t>(batch->num_rows(), 1));
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
  if (!writer->Close().ok() || !sink->Close().ok())
    throw std::runtime_error("cannot close " + path);
  return path;
}

// A Parquet file as Arrow's own reader sees it.
inline std::shared_ptr<arrow::Table> ReadParquet(const std::string& path) {
  const auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
  auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
  return reader->ReadTable().ValueOrDie();
}

inline std::string Compress(std::string_view bytes, arrow::Compression::type type) {
  const auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  const auto* src = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto size = static_cast<int64_t>(bytes.size());
  std::string dst(static_cast<size_t>(codec->MaxCompressedLen(size, src)), '\0');
  const int64_t num_bytes = codec
                                ->Compress(size, src, static_cast<int64_t>(dst.size()),
                                           reinterpret_cast<uint8_t*>(dst.data()))
                                .ValueOrDie();
  dst.resize(static_cast<size_t>(num_bytes));
  return dst;
}

inline std::unique_ptr<TableReader> OpenTable(const std::vector<std::string>& patterns,
                                              const TableReaderOptions& options = {
                                                  .text_column = "text"}) {
  return TableReader::Open(ListInputFiles(patterns), options);
}

// All that is left in `reader`, as one table.
inline std::shared_ptr<arrow::Table> ReadAll(TableReader& reader) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (const std::optional<Chunk> chunk = reader.Next()) batches.push_back(chunk->batch);
  return arrow::Table::FromRecordBatches(reader.schema(), batches).ValueOrDie();
}

// The texts that are left in `reader`; null rows read "(null)".
inline std::vector<std::string> ReadTexts(TableReader& reader, const std::string& column = "text") {
  std::vector<std::string> texts;
  while (const std::optional<Chunk> chunk = reader.Next()) {
    for (const TextRow& row : TextRows(*chunk, column)) {
      texts.emplace_back(row ? *row : "(null)");
    }
  }
  return texts;
}

}  // namespace vecmill

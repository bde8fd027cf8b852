// CSV and JSON lines, a block of whole rows at a time through Arrow's parsers.
//
// Types. A streaming parser must fix a column's type from the first rows, and fails hours later on
// the first row that does not fit. So the files are read twice: once for the narrowest type of
// every column (OutlineOfText), which also finds malformed rows and counts the good ones before any
// work, then for the rows. Parsing is about 1000 times faster than embedding. Rejected: everything
// as string, which loses what numbers are; Arrow's inference over a whole file, which holds it in
// memory.
#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>

#include <algorithm>

#include "table/arrow_status.h"
#include "table/file_system.h"
#include "table/merge_types.h"
#include "table/row_blocks.h"
#include "table/table_file.h"
#include "table/text_parser.h"

namespace vecmill {
namespace {

class TextFile : public TableFile {
 public:
  TextFile(const InputFile& file, std::shared_ptr<arrow::Schema> types, bool all_known)
      : name_(DisplayPath(file.path)),
        raw_(OpenForReading(file.path)),
        codec_(CodecOf(file.compression, name_)),
        blocks_(Decompressed(),
                {.where = name_,
                 .csv_delimiter = file.format == FileFormat::kJsonl
                                      ? std::nullopt
                                      : std::optional<char>(CsvDelimiter(file.format))}),
        parser_(name_, file.format, std::move(types), all_known) {}

  std::shared_ptr<arrow::RecordBatch> Next() override {
    const std::shared_ptr<arrow::Buffer> block = blocks_.Next();
    return block ? parser_.Parse(block) : nullptr;
  }

  int64_t bytes_read() const override { return raw_->Tell().ValueOr(0); }

 private:
  static std::unique_ptr<arrow::util::Codec> CodecOf(Compression compression,
                                                     const std::string& name) {
    if (compression == Compression::kNone) return nullptr;
    return ValueOrThrow(
        arrow::util::Codec::Create(compression == Compression::kGzip ? arrow::Compression::GZIP
                                                                     : arrow::Compression::ZSTD),
        name, ErrorCode::kUnsupported);
  }

  std::shared_ptr<arrow::io::InputStream> Decompressed() {
    if (!codec_) return raw_;
    return ValueOrThrow(arrow::io::CompressedInputStream::Make(codec_.get(), raw_), name_,
                        ErrorCode::kCorrupt);
  }

  const std::string name_;
  const std::shared_ptr<arrow::io::RandomAccessFile> raw_;
  const std::unique_ptr<arrow::util::Codec> codec_;
  RowBlocks blocks_;
  TextParser parser_;
};

// The common schema of what was seen so far.
class SchemaMerger {
 public:
  void Add(const arrow::Schema& schema, const InputFile& file) {
    const bool is_json = file.format == FileFormat::kJsonl;
    if (first_file_.empty()) {
      first_file_ = file.path;
      first_is_json_ = is_json;
    } else if (!is_json || !first_is_json_) {
      RequireSameNames(schema, file);
    }
    for (const auto& field : schema.fields()) {
      AddColumn(is_json ? field->WithType(TimestampsToStrings(field->type())) : field, is_json,
                file);
    }
  }

  // nullptr if nothing was added.
  std::shared_ptr<arrow::Schema> schema() const {
    if (first_file_.empty()) return nullptr;
    arrow::FieldVector fields = fields_;
    for (auto& field : fields) field = field->WithType(NullsToStrings(field->type()));
    return arrow::schema(fields);
  }

 private:
  void AddColumn(const std::shared_ptr<arrow::Field>& field, bool is_json, const InputFile& file) {
    const auto known = std::find_if(fields_.begin(), fields_.end(), [&](const auto& other) {
      return other->name() == field->name();
    });
    if (known == fields_.end()) {
      fields_.push_back(field);
      return;
    }
    std::shared_ptr<arrow::DataType> type = CommonType((*known)->type(), field->type());
    if (!type && is_json) {
      throw Error(ErrorCode::kInvalidArgument,
                  DisplayPath(file.path) + ": column '" + field->name() + "' holds " +
                      field->type()->ToString() + " here and " + (*known)->type()->ToString() +
                      " before; write all its values as one type");
    }
    *known = (*known)->WithType(type ? type : arrow::utf8());
  }

  void RequireSameNames(const arrow::Schema& schema, const InputFile& file) const {
    const std::vector<std::string> names = schema.field_names();
    const std::vector<std::string> before = arrow::schema(fields_)->field_names();
    if (names == before) return;
    const auto [a, b] = std::mismatch(names.begin(), names.end(), before.begin(), before.end());
    const auto shown = [](auto it, auto end) { return it == end ? "none" : "'" + *it + "'"; };
    throw Error(ErrorCode::kInvalidArgument,
                DisplayPath(file.path) + ": column " + std::to_string(a - names.begin()) + " is " +
                    shown(a, names.end()) + ", but in " + DisplayPath(first_file_) + " it is " +
                    shown(b, before.end()) + "; all inputs must have the same columns");
  }

  std::string first_file_;
  bool first_is_json_ = false;
  arrow::FieldVector fields_;
};

}  // namespace

TableOutline OutlineOfText(const std::vector<InputFile>& files, const std::string& text_column) {
  // CSV has no types: without this, a text column of numbers would become one of integers.
  const auto csv_types = arrow::schema({arrow::field(text_column, arrow::utf8())});
  SchemaMerger merger;
  int64_t num_rows = 0;
  for (const InputFile& file : files) {
    const bool is_json = file.format == FileFormat::kJsonl;
    TextFile reader(file, is_json ? arrow::schema({}) : csv_types, /*all_known=*/false);
    while (const std::shared_ptr<arrow::RecordBatch> batch = reader.Next()) {
      if (batch->num_columns() > 0) merger.Add(*batch->schema(), file);
      num_rows += batch->num_rows();
    }
  }
  return {.schema = merger.schema(), .num_rows = num_rows};
}

std::unique_ptr<TableFile> OpenText(const InputFile& file, std::shared_ptr<arrow::Schema> schema) {
  return std::make_unique<TextFile>(file, std::move(schema), /*all_known=*/true);
}

}  // namespace vecmill

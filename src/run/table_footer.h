// run/table_footer.h: what the footer of an embedded table says of how its vectors were made.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "run/embed_job.h"
#include "run/ranges_file.h"
#include "vecmill/dtype.h"
#include "vecmill/embedder.h"
#include "vecmill/options.h"

namespace vecmill {

// Keys and values of a footer; docs/output.md lists them.
using FooterPairs = std::vector<std::pair<std::string, std::string>>;

// Of the keys of a column: "vecmill.NAME.".
std::string PrefixOf(const std::string& column);

// What the output of `job` says, but for ranges. The first column stands for the table as well.
FooterPairs FooterOf(const EmbedJob& job, const ModelDescription& model);

// The footer of a table that vecmill embed wrote.
class TableFooter {
 public:
  // Errors: kInvalidArgument (another program wrote the file), kCorrupt, kNotFound, kIo.
  explicit TableFooter(const std::string& table);

  // The value of a key; "" if it is not there.
  std::string Value(const std::string& key) const;

  // `options` with those that made `column`, or as they are where the footer does not name it. A
  // vector that is made by them goes through the steps that the column's went through. Errors:
  // kInvalidArgument for a column of vectors of tokens, kCorrupt.
  EmbedderOptions OptionsOf(const std::string& column, EmbedderOptions options) const;

  // Refuse a model that does not make `column` as it was made: other weights, or other settings
  // around them. Errors: kInvalidArgument.
  void CheckModel(const ColumnDescription& column, const ModelDescription& model) const;

  // The dtype of its values. Errors: kUnsupported for one that this version does not know.
  Dtype DtypeOf(const std::string& column) const;

  // The ranges of a column of int8 or uint8. Errors: kInvalidArgument if there are none, kCorrupt.
  CalibratedRanges RangesOf(const ColumnDescription& column) const;

 private:
  int64_t Number(const std::string& key) const;

  const std::string table_;
  const std::map<std::string, std::string> values_;
};

}  // namespace vecmill

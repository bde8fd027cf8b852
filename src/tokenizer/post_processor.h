// tokenizer/post_processor.h: the special tokens around a row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace vecmill {

// What TemplateProcessing, BertProcessing or RobertaProcessing, also in a Sequence with ByteLevel,
// put before and after the ids of a row. Both are empty if the file says null.
struct PostProcessor {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;

  // `max_id`: the highest id that a token has. Of a template only the part for single texts is
  // read. `where` names the file. Errors: kUnsupported, kCorrupt.
  static PostProcessor FromJson(const Json& root, const std::string& where, int32_t max_id);
};

}  // namespace vecmill

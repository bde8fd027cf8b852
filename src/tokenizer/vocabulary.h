// tokenizer/vocabulary.h: the "vocab" of a model, an object of tokens and ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "tokenizer/piece_table.h"

namespace vecmill {

// Ids index the rows of the embedding table; no model comes near 2^24 rows.
inline constexpr int64_t kMaxIds = 1 << 24;

// The tokens by id, ids distinct; the texts are borrowed from `model`. `where` names the model.
// Errors: kCorrupt.
std::vector<PieceTable::Piece> ReadVocabulary(const Json& model, const std::string& where);

// The token that byte_fallback puts for a byte: <0x00> to <0xFF>.
std::string ByteToken(size_t byte);

}  // namespace vecmill

// tokenizer/sentence_piece.h: a tokenizer from SentencePiece's own file, sp.model.
//
// Ids are those of the SentencePiece library that is linked, since it makes them: normalisation,
// segmentation and the joining of unknown characters. The model's begin and end of sentence go
// around them where it has such.
//
// A text of more than 1 MiB is cut into pieces of about that size, if the model allows it, at
// spaces between two words. SentencePiece would cut there too, but for the rounding of scores that
// it sums in f32 over the whole text.
//
// Source: github.com/google/sentencepiece, src/sentencepiece_model.proto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/tokenizer.h"

namespace vecmill {

// `model` is the file's content; `where` names it. Errors: kCorrupt; kUnsupported for a table of
// replacements that our own reader refuses (charsmap.h).
std::unique_ptr<const Tokenizer> LoadSentencePiece(std::string_view model, const std::string& where,
                                                   Tokenizer::SpecialTokens special);

}  // namespace vecmill

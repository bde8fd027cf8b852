#include "tokenizer/piece_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace vecmill {
namespace {

TEST(SubstringHashes, EqualTheHashOfEachSubstring) {
  std::string word = "unaffable \xC3\xA9\xFF";
  word += '\0';
  SubstringHashes hashes;
  hashes.Reset("a longer word before, whose memory is used again");
  hashes.Reset(word);
  for (size_t begin = 0; begin <= word.size(); ++begin) {
    for (size_t end = begin; end <= word.size(); ++end) {
      EXPECT_EQ(hashes.Hash(static_cast<int64_t>(begin), static_cast<int64_t>(end)),
                PieceHash(std::string_view(word).substr(begin, end - begin)));
    }
  }
}

TEST(PieceTable, FindsWhatIsThereAndNothingElse) {
  std::mt19937 random(1);
  std::map<std::string, int32_t> ids;
  while (ids.size() < 5000) {
    std::string text;
    for (size_t size = random() % 6; size > 0; --size)
      text += static_cast<char>('a' + random() % 6);
    ids.emplace(text, static_cast<int32_t>(ids.size()));
  }
  std::vector<PieceTable::Piece> pieces;
  for (const auto& [text, id] : ids) {
    if (id % 2 == 0) pieces.push_back({.text = text, .id = id});
  }
  PieceTable table(pieces);
  EXPECT_EQ(table.max_piece_bytes(), 5);
  for (const auto& [text, id] : ids) {
    EXPECT_EQ(table.Find(text, PieceHash(text)), id % 2 == 0 ? id : PieceTable::kNone) << text;
  }
}

TEST(PieceTable, EqualHashesAreToldApartByBytes) {
  PieceTable table({{.text = "abc", .id = 7}});
  EXPECT_EQ(table.Find("xyz", PieceHash("abc")), PieceTable::kNone);
  EXPECT_EQ(table.Find("abcd", PieceHash("abc")), PieceTable::kNone);
}

TEST(PieceTable, MayBeEmpty) {
  EXPECT_EQ(PieceTable({}).Find("a", PieceHash("a")), PieceTable::kNone);
}

}  // namespace
}  // namespace vecmill

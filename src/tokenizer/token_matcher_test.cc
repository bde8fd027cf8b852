#include "tokenizer/token_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vecmill {
namespace {

TokenMatcher::Pattern Token(std::string text, int32_t id, bool single_word = false) {
  return {.text = std::move(text), .id = id, .single_word = single_word};
}

// All matches as "ID@BEGIN ".
std::string FindAll(const TokenMatcher& matcher, std::string_view text) {
  std::string found;
  int64_t size = static_cast<int64_t>(text.size());
  for (int64_t pos = 0; pos < size;) {
    TokenMatcher::Match match = matcher.Find(text, pos, size, /*at_end=*/true);
    if (match.found) found += std::to_string(match.id) + "@" + std::to_string(match.begin) + " ";
    pos = match.end;
  }
  return found;
}

TEST(TokenMatcher, TakesTheLeftmostAndOfThoseTheLongest) {
  TokenMatcher matcher({Token("ab", 1), Token("abcd", 2), Token("bc", 3), Token("\xC3\xA9", 4)});
  EXPECT_EQ(FindAll(matcher, "abc"), "1@0 ");
  EXPECT_EQ(FindAll(matcher, "abcabcd"), "1@0 2@3 ");
  EXPECT_EQ(FindAll(matcher, "xbcd\xC3\xA9\xC3"), "3@1 4@4 ");
  EXPECT_EQ(FindAll(matcher, ""), "");
  EXPECT_EQ(FindAll(TokenMatcher({}), "abc"), "");
}

TEST(TokenMatcher, SingleWordsStandAlone) {
  TokenMatcher matcher({Token("ab", 1, /*single_word=*/true), Token("b", 2)});
  EXPECT_EQ(FindAll(matcher, "ab"), "1@0 ");
  EXPECT_EQ(FindAll(matcher, "-ab. ab"), "1@1 1@5 ");
  EXPECT_EQ(FindAll(matcher, "ab_"), "");
  EXPECT_EQ(FindAll(matcher, "ab\xCC\x81"), "");  // U+0301
  EXPECT_EQ(FindAll(matcher,
                    "\xD0\xB6"
                    "ab"),
            "");                                    // U+0436
  EXPECT_EQ(FindAll(matcher, "xab xabb"), "2@7 ");  // "b" is not looked for within "ab"
}

TEST(TokenMatcher, WaitsForWhatFollows) {
  TokenMatcher matcher({Token("ab", 1), Token("abcd", 2), Token("x", 3, /*single_word=*/true)});
  auto stops_at = [&](std::string_view text) {
    TokenMatcher::Match match =
        matcher.Find(text, 0, static_cast<int64_t>(text.size()), /*at_end=*/false);
    EXPECT_FALSE(match.found) << text;
    return match.begin;
  };
  EXPECT_EQ(stops_at("--a"), 2);
  EXPECT_EQ(stops_at("--ab"), 2);
  EXPECT_EQ(stops_at("--abc"), 2);
  EXPECT_EQ(stops_at("--x"), 2);
  EXPECT_EQ(stops_at("---"), 3);
  EXPECT_TRUE(matcher.Find("--abx", 0, 5, /*at_end=*/false).found);
}

TEST(TokenMatcher, BeginsBeforeUntilAndLooksBeyond) {
  TokenMatcher matcher({Token("abc", 1)});
  EXPECT_TRUE(matcher.Find("..abc", 0, 3, /*at_end=*/true).found);
  EXPECT_EQ(matcher.Find("..abc", 0, 2, /*at_end=*/true).begin, 2);
  EXPECT_FALSE(matcher.Find("..abc", 0, 2, /*at_end=*/true).found);
}

TEST(TokenMatcher, EqualsTryingEveryPatternEverywhere) {
  std::mt19937 random(3);
  auto random_text = [&](size_t max_size) {
    std::string text;
    for (size_t size = 1 + random() % max_size; size > 0; --size) {
      text += static_cast<char>('a' + random() % 3);
    }
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> tokens;
    for (size_t i = 1 + random() % 12; i > 0; --i) tokens.push_back(random_text(5));
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    std::vector<TokenMatcher::Pattern> patterns;
    patterns.reserve(tokens.size());
    for (const std::string& token : tokens) {
      patterns.push_back(Token(token, static_cast<int32_t>(patterns.size())));
    }
    std::string text = random_text(40);
    std::string expected;
    for (size_t pos = 0; pos < text.size();) {
      size_t longest = tokens.size();
      for (size_t i = 0; i < tokens.size(); ++i) {
        bool here = text.compare(pos, tokens[i].size(), tokens[i]) == 0;
        if (here && (longest == tokens.size() || tokens[i].size() > tokens[longest].size())) {
          longest = i;
        }
      }
      if (longest == tokens.size()) {
        ++pos;
        continue;
      }
      expected += std::to_string(longest) + "@" + std::to_string(pos) + " ";
      pos += tokens[longest].size();
    }
    EXPECT_EQ(FindAll(TokenMatcher(patterns), text), expected) << text;
  }
}

}  // namespace
}  // namespace vecmill

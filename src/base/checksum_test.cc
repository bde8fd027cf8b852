#include "base/checksum.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace vecmill {
namespace {

std::vector<std::byte> Counting(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 1);
  return bytes;
}

// Of the rule in the header, written in Python:
//   p, m = 0x9e3779b97f4a7c15, 2**64 - 1
//   def mix(s, w): x = (s ^ w) * p & m; return (x ^ x >> 32) * p & m
//   def checksum(b):
//     lanes = [p + i for i in range(8)]
//     for j in range((len(b) + 7) // 8):
//       lanes[j % 8] = mix(lanes[j % 8], int.from_bytes(b[8 * j : 8 * j + 8], "little"))
//     s = p
//     for w in lanes + [len(b)]: s = mix(s, w)
//     return s
//   for n in (0, 5, 64, 1000): print(hex(checksum(bytes((i * 7 + 1) % 256 for i in range(n)))))
TEST(Checksum64Test, FollowsItsRule) {
  EXPECT_EQ(Checksum64(Counting(0)), 0x88716c3309351fa2U);
  EXPECT_EQ(Checksum64(Counting(5)), 0x9bb5eacb3b02078cU);
  EXPECT_EQ(Checksum64(Counting(64)), 0xa695a717d2c9ebcfU);
  EXPECT_EQ(Checksum64(Counting(1000)), 0xbc5ceacc492cb4feU);
}

TEST(Checksum64Test, EveryBitAndEveryLengthCounts) {
  std::vector<std::byte> bytes = Counting(200);
  std::set<uint64_t> sums = {Checksum64(bytes)};
  for (std::byte& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      byte ^= static_cast<std::byte>(1 << bit);
      EXPECT_TRUE(sums.insert(Checksum64(bytes)).second);
      byte ^= static_cast<std::byte>(1 << bit);
    }
  }
  const std::vector<std::byte> zeros(200);
  for (size_t length = 0; length < 200; ++length) {
    EXPECT_TRUE(sums.insert(Checksum64(std::span(zeros).first(length))).second) << length;
    if (length > 0) {
      EXPECT_TRUE(sums.insert(Checksum64(std::span(bytes).first(length))).second) << length;
    }
  }
}

}  // namespace
}  // namespace vecmill

#include "weights/file_hashes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/checksum.h"
#include "base/sha256.h"
#include "weights/model_fixture.h"

namespace vecmill {
namespace {

class FileHashesTest : public testing::Test {
 protected:
  // A file that has not changed for long.
  const MappedFile settled_{VECMILL_TEST_DATA "/models/tiny_bert/config.json"};
  const std::string expected_ = Sha256Hex(settled_.bytes());
  const TempFolder folder_;
  const FileHashes hashes_{folder_.path()};
};

TEST_F(FileHashesTest, WithoutAFolderNothingIsRemembered) {
  EXPECT_EQ(FileHashes().Sha256(settled_), expected_);
  EXPECT_EQ(FileHashes("/dev/null/folder").Sha256(settled_), expected_);
}

TEST_F(FileHashesTest, RemembersWhatIsWrittenThereAndNothingDamaged) {
  EXPECT_EQ(hashes_.Sha256(settled_), expected_);
  const auto entry = std::filesystem::directory_iterator(folder_.path())->path();
  const std::string content = ReadBytes(entry);
  EXPECT_EQ(hashes_.Sha256(settled_), expected_);

  // Another hash, as if it were remembered, shows that the file is not read again.
  const std::string other(64, 'f');
  const std::string both = entry.filename().string() + other;
  const std::string planted =
      other + " " + std::to_string(Checksum64(std::as_bytes(std::span(both)))) + "\n";
  WriteBytes(entry, planted);
  EXPECT_EQ(hashes_.Sha256(settled_), other);

  for (size_t i = 0; i < planted.size(); ++i) {
    std::string changed = planted;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    WriteBytes(entry, changed);
    EXPECT_EQ(hashes_.Sha256(settled_), expected_) << "byte " << i;
    EXPECT_EQ(ReadBytes(entry), content) << "byte " << i;
    WriteBytes(entry, planted.substr(0, i));
    EXPECT_EQ(hashes_.Sha256(settled_), expected_) << "cut to " << i << " bytes";
  }
}

TEST_F(FileHashesTest, AFileThatJustChangedIsNotRemembered) {
  const TempFolder files;
  WriteBytes(files / "file", "content");
  const MappedFile fresh(files / "file");
  EXPECT_EQ(hashes_.Sha256(fresh), Sha256Hex(fresh.bytes()));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(FileHashesTest, AnEntryThatOthersMayWriteToIsNotBelieved) {
  EXPECT_EQ(hashes_.Sha256(settled_), expected_);
  const auto entry = std::filesystem::directory_iterator(folder_.path())->path();
  const std::string other(64, 'f');
  const std::string both = entry.filename().string() + other;
  WriteBytes(entry,
             other + " " + std::to_string(Checksum64(std::as_bytes(std::span(both)))) + "\n");
  std::filesystem::permissions(entry, std::filesystem::perms::all);
  EXPECT_EQ(hashes_.Sha256(settled_), expected_);
}

}  // namespace
}  // namespace vecmill

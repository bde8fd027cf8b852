#include "weights/weight_cache.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "weights/model_fixture.h"

namespace vecmill {
namespace {

namespace fs = std::filesystem;

constexpr char kKey[] = "some weights";
constexpr int64_t kSize = 100'000;

// What the tests load, and how often it was made.
struct Weights {
  ConstArray<float> values;
  int64_t times_filled = 0;

  std::function<void(ArrayStore&)> Loader() {
    return [this](ArrayStore& store) {
      auto taken = store.Take<float>("values", kSize, [this](float* dst) {
        for (int64_t i = 0; i < kSize; ++i) dst[i] = static_cast<float>(i);
        ++times_filled;
      });
      values = std::move(taken);
    };
  }

  bool AreRight() const {
    if (values.size() != kSize) return false;
    for (int64_t i = 0; i < kSize; ++i) {
      if (values[i] != static_cast<float>(i)) return false;
    }
    return true;
  }
};

class WeightCacheTest : public testing::Test {
 protected:
  std::string Folder() const { return folder_ / "cache"; }

  // Load and expect the right values, from the cache's file or else, with `problem` said, not.
  // Returns how often they were made.
  int64_t Load(const std::string& problem = "") const { return LoadFrom(Folder(), problem); }

  static int64_t LoadFrom(const std::string& folder, const std::string& problem) {
    Weights weights;
    const WeightCache::Place place = WeightCache(folder).Load(kKey, weights.Loader());
    EXPECT_TRUE(weights.AreRight());
    EXPECT_EQ(place.file.empty(), !problem.empty()) << place.problem;
    EXPECT_NE(place.problem.find(problem), std::string::npos) << place.problem;
    EXPECT_EQ(place.problem.empty(), problem.empty()) << place.problem;
    return weights.times_filled;
  }

  std::string PackedFile() const {
    for (const auto& entry : fs::directory_iterator(Folder())) {
      if (entry.path().extension() == ".packed") return entry.path();
    }
    return "";
  }

  // Run `act` in a child process; its exit code, 0 if nothing failed there.
  static int InChild(const std::function<void()>& act) {
    const pid_t child = fork();
    if (child == 0) {
      act();
      _exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // As a user who may not write to everything.
  static int InChildWithoutRights(const std::function<void()>& act) {
    return InChild([&] {
      if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
      act();
    });
  }

  const TempFolder folder_;
};

TEST_F(WeightCacheTest, WithoutAFolderEveryLoadMakesItsOwn) {
  Weights weights;
  const WeightCache::Place place = WeightCache().Load(kKey, weights.Loader());
  EXPECT_TRUE(weights.AreRight());
  EXPECT_EQ(weights.times_filled, 1);
  EXPECT_EQ(place.file + place.problem, "");
}

TEST_F(WeightCacheTest, WeightsAreMadeOnce) {
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(Load(), 0);
  EXPECT_EQ(LoadFrom(Folder() + "//", ""), 0);
  EXPECT_EQ(fs::status(Folder()).permissions(), fs::perms::owner_all);
}

TEST_F(WeightCacheTest, AnotherKeyIsAnotherFile) {
  EXPECT_EQ(Load(), 1);
  Weights other;
  const auto load_other = [&](ArrayStore& store) {
    other.values = store.Take<float>("values", 1, [&](float* dst) {
      dst[0] = 7;
      ++other.times_filled;
    });
  };
  const WeightCache cache(Folder());
  EXPECT_NE(cache.Load("other weights", load_other).file, PackedFile());
  cache.Load("other weights", load_other);
  EXPECT_EQ(other.times_filled, 1);
  EXPECT_EQ(other.values[0], 7.0f);
  EXPECT_EQ(Load(), 0);
}

TEST_F(WeightCacheTest, WhatIsMappedOutlivesItsFile) {
  EXPECT_EQ(Load(), 1);
  Weights weights;
  WeightCache(Folder()).Load(kKey, weights.Loader());
  EXPECT_EQ(weights.times_filled, 0);
  fs::remove_all(Folder());
  EXPECT_TRUE(weights.AreRight());
  EXPECT_EQ(Load(), 1);
}

TEST_F(WeightCacheTest, DamagedFilesAreMadeAnew) {
  EXPECT_EQ(Load(), 1);
  const std::string content = ReadBytes(PackedFile());
  for (const size_t length : {size_t{0}, size_t{1}, size_t{31}, size_t{32}, size_t{100},
                              size_t{4096}, content.size() - 1}) {
    fs::resize_file(PackedFile(), length);
    EXPECT_EQ(Load(), 1) << "cut to " << length << " bytes";
    EXPECT_EQ(ReadBytes(PackedFile()), content);
  }
  for (size_t i = 0; i < content.size(); i += i < 140 ? 1 : 9973) {
    if (content[i] == '\0' && i > 100 && i < 256) continue;  // before the array
    std::string changed = content;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    WriteBytes(PackedFile(), changed);
    EXPECT_EQ(Load(), 1) << "byte " << i;
    EXPECT_EQ(ReadBytes(PackedFile()), content);
  }
  EXPECT_EQ(Load(), 0);
}

TEST_F(WeightCacheTest, AFileOfOtherArraysIsMadeAnew) {
  Weights more;
  WeightCache(Folder()).Load(kKey, [&](ArrayStore& store) {
    more.Loader()(store);
    store.Take<float>("one more", 1, [](float* dst) { *dst = 0; });
  });
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(Load(), 0);
}

TEST_F(WeightCacheTest, AModelThatCannotBeLoadedIsAnErrorAndLeavesNothing) {
  const auto load = [](ArrayStore& store) {
    store.Take<float>("values", 1, [](float*) { throw Error(ErrorCode::kCorrupt, "NaN"); });
  };
  ExpectError(ErrorCode::kCorrupt, {"NaN"}, [&] { WeightCache(Folder()).Load(kKey, load); });
  EXPECT_EQ(PackedFile(), "");
  EXPECT_EQ(Load(), 1);
}

TEST_F(WeightCacheTest, OfProcessesThatBeginTogetherOneMakesThem) {
  int together[2];
  int counts[2];
  ASSERT_EQ(pipe(together), 0);
  ASSERT_EQ(pipe(counts), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    close(together[1]);
    char none = 0;
    ASSERT_EQ(read(together[0], &none, 1), 0);  // until the parent closes it
    const auto filled = static_cast<char>(Load());
    _exit(write(counts[1], &filled, 1) == 1 && !HasFailure() ? 0 : 1);
  }
  close(together[1]);
  int sum = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    char filled = 0;
    ASSERT_EQ(read(counts[0], &filled, 1), 1);
    sum += filled;
  }
  EXPECT_EQ(sum, 1);
  for (const int end : {together[0], counts[0], counts[1]}) close(end);
}

TEST_F(WeightCacheTest, AMakerThatIsKilledIsSucceeded) {
  int filling[2];
  ASSERT_EQ(pipe(filling), 0);
  const pid_t maker = fork();
  if (maker == 0) {
    WeightCache(Folder()).Load(kKey, [&](ArrayStore& store) {
      store.Take<float>("values", kSize, [&](float*) {
        if (write(filling[1], "x", 1) != 1) _exit(1);
        pause();
      });
    });
  }
  char byte = 0;
  ASSERT_EQ(read(filling[0], &byte, 1), 1);
  const pid_t waiter = fork();
  if (waiter == 0) {
    EXPECT_EQ(Load(), 1);
    _exit(HasFailure() ? 1 : 0);
  }
  EXPECT_EQ(waitpid(waiter, nullptr, WNOHANG), 0);
  kill(maker, SIGKILL);
  int status = 0;
  waitpid(maker, &status, 0);
  waitpid(waiter, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Load(), 0);
  close(filling[0]);
  close(filling[1]);
}

TEST_F(WeightCacheTest, WhatAKilledMakerLeftIsWrittenOver) {
  EXPECT_EQ(Load(), 1);
  const std::string packed = PackedFile();
  const std::string content = ReadBytes(packed);
  fs::remove(packed);
  WriteBytes(packed + ".tmp", content.substr(0, content.size() / 2) + std::string(kSize, 'x'));
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(ReadBytes(packed), content);
  EXPECT_FALSE(fs::exists(packed + ".tmp"));
}

TEST_F(WeightCacheTest, FoldersThatCannotBeMadeOrWrittenOnlyCostMemory) {
  EXPECT_EQ(LoadFrom("/dev/null/cache", "/dev/null"), 1);
  WriteBytes(folder_ / "file", "");
  EXPECT_EQ(LoadFrom(folder_ / "file", "is not a folder"), 1);
  EXPECT_EQ(InChild([&] {
              const rlimit small = {.rlim_cur = 1000, .rlim_max = 1000};
              std::signal(SIGXFSZ, SIG_IGN);
              setrlimit(RLIMIT_FSIZE, &small);
              EXPECT_EQ(Load("cannot write"), 1);
            }),
            0);
  EXPECT_EQ(PackedFile(), "");
}

TEST_F(WeightCacheTest, AReadOnlyFolderGivesWhatItHas) {
  const auto all_read = static_cast<fs::perms>(0555);
  fs::permissions(folder_.path(), fs::perms::owner_all | all_read);
  fs::create_directory(Folder());
  fs::permissions(Folder(), all_read);
  EXPECT_EQ(InChildWithoutRights([&] { EXPECT_EQ(Load("cannot open"), 1); }), 0);
  EXPECT_TRUE(fs::is_empty(Folder()));
  if (geteuid() != 0) GTEST_SKIP() << "only root can fill a folder for another user here";
  EXPECT_EQ(Load(), 1);
  fs::permissions(PackedFile(), all_read);
  EXPECT_EQ(InChildWithoutRights([&] { EXPECT_EQ(Load(), 0); }), 0);
}

TEST_F(WeightCacheTest, WhatOthersMayWriteToIsNotUsed) {
  EXPECT_EQ(Load(), 1);
  fs::permissions(Folder(), fs::perms::all);
  EXPECT_EQ(Load("with mode 777"), 1);
  fs::permissions(Folder(), fs::perms::owner_all);
  fs::permissions(PackedFile(), fs::perms::all);
  EXPECT_EQ(Load(), 1);
  EXPECT_EQ(Load(), 0);
  if (geteuid() != 0) GTEST_SKIP() << "only root can make what another user owns";
  ASSERT_EQ(chown(PackedFile().c_str(), 65534, 65534), 0);
  EXPECT_EQ(Load(), 1);
  ASSERT_EQ(chown(Folder().c_str(), 65534, 65534), 0);
  EXPECT_EQ(Load("belongs to user 65534"), 1);
}

}  // namespace
}  // namespace vecmill

#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace vecmill {
namespace {

namespace fs = std::filesystem;

// A pretended /proc/self/cgroup and /sys/fs/cgroup.
class CgroupTest : public testing::Test {
 protected:
  CgroupTest() {
    std::string name = (fs::temp_directory_path() / "vecmill_XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~CgroupTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << content;
  }

  std::optional<double> QuotaIn(const std::string& membership) {
    Write("membership", membership);
    return CgroupCpuQuota(folder_ + "/membership", folder_);
  }

  std::string folder_;
};

TEST_F(CgroupTest, Version2ReadsTheGroupAndThoseAroundIt) {
  Write("a/b/cpu.max", "max 100000\n");
  Write("a/cpu.max", "150000 100000\n");
  Write("cpu.max", "400000 100000\n");
  EXPECT_EQ(QuotaIn("0::/a/b\n"), 1.5);
  EXPECT_EQ(QuotaIn("0::/\n"), 4.0);
}

TEST_F(CgroupTest, Version2InsideAContainerReadsTheMount) {
  Write("cpu.max", "200000 100000\n");
  EXPECT_EQ(QuotaIn("0::/host/only/path\n"), 2.0);
}

TEST_F(CgroupTest, Version1ReadsTheCpuHierarchyOnly) {
  Write("cpu/docker/cpu.cfs_quota_us", "50000\n");
  Write("cpu/docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(QuotaIn("5:memory:/docker\n4:cpu,cpuacct:/docker\n1:cpuset:/\n"), 0.5);
  EXPECT_EQ(QuotaIn("5:memory:/docker\n"), std::nullopt);
}

TEST_F(CgroupTest, NoLimitIsNoQuota) {
  Write("cpu.max", "max 100000\n");
  Write("cpu/cpu.cfs_quota_us", "-1\n");
  Write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(QuotaIn("0::/\n4:cpu:/\n"), std::nullopt);
  EXPECT_EQ(CgroupCpuQuota(folder_ + "/absent", folder_), std::nullopt);
}

TEST_F(CgroupTest, NonsenseIsNoQuota) {
  Write("cpu.max", "100000 0\n");
  EXPECT_EQ(QuotaIn("0::/\n"), std::nullopt);
  EXPECT_EQ(QuotaIn("\nno colons\none:colon\n"), std::nullopt);
}

}  // namespace
}  // namespace vecmill

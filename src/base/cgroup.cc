#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <string_view>

namespace vecmill {
namespace {

// Quota over period, both in microseconds; nullopt unless both are positive numbers.
std::optional<double> Quota(std::istream& quota, std::istream& period) {
  double quota_us = 0;
  double period_us = 0;
  if (!(quota >> quota_us) || !(period >> period_us)) return std::nullopt;  // "max" is no number
  if (quota_us <= 0 || period_us <= 0) return std::nullopt;                 // version 1 says -1
  return quota_us / period_us;
}

std::optional<double> QuotaOfGroup(const std::string& folder, bool version2) {
  if (version2) {
    std::ifstream file(folder + "/cpu.max");  // "150000 100000"
    return Quota(file, file);
  }
  std::ifstream quota(folder + "/cpu.cfs_quota_us");
  std::ifstream period(folder + "/cpu.cfs_period_us");
  return Quota(quota, period);
}

// True if `controllers`, "cpu,cpuacct", lists the cpu controller of version 1.
bool HasCpu(std::string_view controllers) {
  while (!controllers.empty()) {
    size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

}  // namespace

std::optional<double> CgroupCpuQuota(const std::string& membership, const std::string& mount) {
  std::optional<double> smallest;
  std::ifstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    // HIERARCHY:CONTROLLERS:PATH; version 2 is the line "0::PATH".
    size_t first = line.find(':');
    size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !HasCpu(controllers)) continue;
    const bool version2 = controllers.empty();
    const std::string hierarchy = version2 ? mount : mount + "/cpu";
    // Inside a container the path may be the host's and not exist here; the walk up ends at the
    // mount, which is then the container's own group.
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      std::optional<double> quota = QuotaOfGroup(hierarchy + path, version2);
      if (quota && (!smallest || *quota < *smallest)) smallest = quota;
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return smallest;
}

}  // namespace vecmill

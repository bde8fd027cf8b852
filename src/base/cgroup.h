// base/cgroup.h: the CPU quota that a container or a service manager gives this process.
#pragma once

#include <optional>
#include <string>

namespace vecmill {

// CPUs' worth of time per second that control groups allow, as a fraction (1.5); nullopt: no limit.
// The smallest quota of the process's group and the groups around it, of cgroup version 2 (cpu.max)
// or 1 (cpu.cfs_quota_us). `membership` is the file that lists the process's groups, `mount` the
// folder of the hierarchies. What cannot be read counts as no limit. Source:
// Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst of Linux.
std::optional<double> CgroupCpuQuota(const std::string& membership = "/proc/self/cgroup",
                                     const std::string& mount = "/sys/fs/cgroup");

}  // namespace vecmill

// Counters of a Docker container's memory cgroup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace aura::host {

inline constexpr const char* cgroup_root = "/sys/fs/cgroup";

// How many processes in the cgroup of a running container the kernel has killed for want of memory, since the
// container's start: oom_kill of memory.events (Documentation/admin-guide/cgroup-v2.rst), or of memory.oom_control of
// version 1 (cgroup-v1/memory.rst, since Linux 4.13). Found where Docker's drivers cgroupfs and systemd put it, below
// `root`. nullopt: it is not there, or does not say.
std::optional<std::uint64_t> oom_kills(const std::string& root, const std::string& container_id);

}  // namespace aura::host

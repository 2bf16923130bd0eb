// What a container uses, read from its cgroup and from /proc of its first process. No call of Docker's.
#pragma once

#include "agent/host/cgroup.hpp"
#include "agent/ports/host.hpp"

#include <optional>
#include <string>

namespace aura::host {

// As ports::Host::usage(). Version 2: memory.current, memory.max, memory.stat, cpu.stat, io.stat, pids.current.
// Version 1: memory.usage_in_bytes, memory.limit_in_bytes, memory.stat, cpuacct.usage,
// blkio.throttle.io_service_bytes_recursive, pids.current. Network: /proc/PID/net/dev (proc_pid_net(5)), unless
// it is our own network namespace. nullopt: there is no such cgroup.
std::optional<ports::ContainerUsage> usage(const Roots& roots, const std::string& container_id, int pid);

}  // namespace aura::host

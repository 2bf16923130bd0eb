// Everything that is wrong with configuration, policy and workload files, all at once.
#pragma once

#include "agent/config/config.hpp"
#include "agent/config/finding.hpp"

#include <string>
#include <vector>

namespace aura::config {

// Without files: agent.toml with its fragments, policy.toml beside it and the workloads folder. With files: those
// alone, each by its name: agent.toml and policy.toml (and NAME.toml in an agent.toml.d) as such, every other as a
// workload, checked under the configured policy; what concerns several workloads (cycles, shared mounts) needs the
// folder and is left out. Empty: all is well.
std::vector<Problem> validate(const ConfigPaths& paths, const std::vector<std::string>& files);

}  // namespace aura::config

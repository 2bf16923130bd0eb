// What must be in order on the host before a container is created or started.
#pragma once

#include "agent/loops/secrets.hpp"
#include "agent/reconcile/workload.hpp"
#include "common/error.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace aura::loops {

// An error says which mount may not be mounted and why (config/mount_check.hpp).
using MountCheck = std::function<Result<void>(const reconcile::WorkloadSpec&)>;

struct Prepared {
  std::map<std::string, std::string> env;  // with the values of secrets
  std::vector<reconcile::Mount> secret_mounts;
};

// Checks mounts, resolves secrets, writes secret files as RUNTIME_DIR/secrets/WORKLOAD/NAME (0444 inside folders of
// 0700). Safe to repeat; a file whose content is unchanged is left alone, so that a bind mount of a running container
// keeps showing it.
Result<Prepared> prepare(const std::string& workload, const reconcile::WorkloadSpec& spec, Secrets& secrets,
                         const MountCheck& check_mounts, const std::string& runtime_dir);

}  // namespace aura::loops

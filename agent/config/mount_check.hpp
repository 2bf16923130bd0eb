// What makes a bind mount unsafe at this moment. Called at validation and again before every start, since a
// container can swap a folder of its own for a symlink at any time.
#pragma once

#include "agent/reconcile/workload.hpp"

#include <map>
#include <optional>
#include <string>

namespace aura::config {

// Why `source` must not be mounted now: a component of it is a symlink (openat2(2), RESOLVE_NO_SYMLINKS; a walk with
// O_NOFOLLOW where the kernel has no openat2), it does not exist, or it cannot be looked at. nullopt: fine. One
// sentence with the remedy. Opens nothing for reading or writing (O_PATH).
std::optional<std::string> mount_problem(const std::string& source);

// Why mount `source` of workload `name` may be steered by another one in `others`: it lies below a writable mount of
// that workload, or both mount the same folder writable. nullopt: fine. `others` may hold `name` itself.
std::optional<std::string> shared_mount_problem(const std::string& name, const reconcile::Mount& mount,
                                                const std::map<std::string, const reconcile::WorkloadSpec*>& others);

}  // namespace aura::config

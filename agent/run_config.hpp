// What the configuration means to the parts of the daemon.
#pragma once

#include "agent/config/config.hpp"
#include "agent/loops/status_board.hpp"
#include "agent/reconcile/workload.hpp"
#include "common/error.hpp"

#include <string>
#include <vector>

namespace aura {

// invalid_argument names the first mount whose source may not be mounted as the file system is now.
Result<void> check_mounts(const reconcile::WorkloadSpec& spec);

// A control plane is configured in a way this version can use.
bool reports_to_control(const config::Config& config);

// One line each.
std::vector<std::string> texts(const std::vector<config::Problem>& problems);

loops::StatusBoard::Options board_options(const config::Config& config, const std::string& version);

}  // namespace aura

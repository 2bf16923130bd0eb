// What the configuration means to the parts of the daemon.
#pragma once

#include "agent/config/config.hpp"
#include "agent/config/workload_folder.hpp"
#include "agent/docker/api.hpp"
#include "agent/loops/status_board.hpp"
#include "agent/reconcile/accept.hpp"
#include "agent/reconcile/collect.hpp"
#include "agent/reconcile/workload.hpp"
#include "common/error.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aura {

// invalid_argument names the first mount whose source may not be mounted as the file system is now.
Result<void> check_mounts(const reconcile::WorkloadSpec& spec);

// A control plane is configured.
bool reports_to_control(const config::Config& config);

// One line each.
std::vector<std::string> texts(const std::vector<config::Problem>& problems);

reconcile::CollectPolicy collect_policy(const config::Config& config);

reconcile::Limits limits_of(const config::Config& config);

docker::Deadlines engine_deadlines(const config::Config& config);

// Configuration and policy as their files say now. What is broken leaves what was read before in force, and is a
// trouble.
struct ConfigReload {
  std::vector<std::string> troubles;
  std::optional<config::Policy> policy;  // nullopt: broken
  bool restart = false;                  // agent.toml differs, which only a restart takes up
};
ConfigReload read_config_again(const config::ConfigPaths& paths, const config::Loaded& in_force);

// What the specs of an apply mean on this node.
reconcile::Applied read_applied(const protocol::Command& command, const reconcile::State& state,
                                const config::Config& config, const config::Policy& policy,
                                const config::SecretDigest& digest);

// A file may not take the name of a workload that was applied: it is bad, and what was applied stays in force.
void refuse_applied_names(const reconcile::State& state, config::FolderResult& folder);

loops::StatusBoard::Options board_options(const config::Config& config, const std::string& version,
                                          std::function<loops::TailnetTold()> tailnet);

}  // namespace aura

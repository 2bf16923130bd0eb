#include "agent/run_config.hpp"

#include "agent/config/applied.hpp"
#include "agent/config/mount_check.hpp"

namespace aura {

Result<void> check_mounts(const reconcile::WorkloadSpec& spec) {
  for (const auto& mount : spec.mounts) {
    const auto problem = config::mount_problem(mount.source);
    if (!problem) continue;
    Error error;
    error.code = Errc::invalid_argument;
    error.message = "mount " + mount.source + ": " + *problem;
    return error;
  }
  return {};
}

bool reports_to_control(const config::Config& config) { return !config.control.url.empty(); }

std::vector<std::string> texts(const std::vector<config::Problem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(config::to_string(problem));
  return lines;
}

reconcile::CollectPolicy collect_policy(const config::Config& config) {
  return {config.limits.collect_disk_percent, std::int64_t{config.limits.collect_unused_days} * 24 * 3600 * 1000};
}

ConfigReload read_config_again(const config::ConfigPaths& paths, const config::Loaded& in_force) {
  ConfigReload again;
  const auto configuration = config::load_config(paths);
  for (auto& line : texts(configuration.problems))
    again.troubles.push_back("The configuration in force is older than its file: " + line);
  auto policy = config::load_policy(in_force.config.paths.policy);
  for (auto& line : texts(policy.problems))
    again.troubles.push_back("The policy in force is older than its file: " + line);
  if (policy) again.policy = std::move(*policy.policy);
  again.restart = configuration && config::render_config(*configuration.loaded) != config::render_config(in_force);
  return again;
}

reconcile::Limits limits_of(const config::Config& config) {
  reconcile::Limits limits;
  limits.open_commands = static_cast<std::uint32_t>(config.limits.open_commands);
  limits.destructive_per_minute = static_cast<std::uint32_t>(config.limits.destructive_per_minute);
  limits.destructive_burst = static_cast<std::uint32_t>(config.limits.destructive_burst);
  limits.withdrawn_kept_ms = std::int64_t{config.limits.withdrawn_kept_days} * 24 * 3600 * 1000;
  return limits;
}

docker::Deadlines engine_deadlines(const config::Config& config) {
  docker::Deadlines deadlines;
  deadlines.pull_idle_ms = config.limits.pull_idle_s * 1000L;
  return deadlines;
}

reconcile::Applied read_applied(const protocol::Command& command, const reconcile::State& state,
                                const config::Config& config, const config::Policy& policy,
                                const config::SecretDigest& digest) {
  std::map<std::string, reconcile::WorkloadSpec> by_file;
  for (const auto& [name, workload] : state.workloads) {
    const bool ours = workload.declared.source == reconcile::Source::file && !workload.withdrawn_at;
    if (ours && !command.args.workloads.contains(name)) by_file[name] = workload.declared.spec;
  }
  auto read = config::read_applied(command.args.workloads, by_file, policy, config::policy_context(config), digest);
  reconcile::Applied applied;
  applied.declarations = std::move(read.declarations);
  for (const auto& line : texts(read.problems)) applied.refusal += (applied.refusal.empty() ? "" : "; ") + line;
  return applied;
}

void refuse_applied_names(const reconcile::State& state, config::FolderResult& folder) {
  for (auto it = folder.set.good.begin(); it != folder.set.good.end();) {
    const auto known = state.workloads.find(it->first);
    const bool applied = known != state.workloads.end() && !known->second.withdrawn_at &&
                         known->second.declared.source == reconcile::Source::applied;
    if (!applied) {
      ++it;
      continue;
    }
    folder.problems.push_back({it->first + ".toml", 0, 0, "",
                               "a workload of this name was applied: rename the file, or apply the set without it"});
    folder.set.broken.insert(it->first);
    it = folder.set.good.erase(it);
  }
}

loops::StatusBoard::Options board_options(const config::Config& config, const std::string& version,
                                          std::function<loops::TailnetTold()> tailnet) {
  loops::StatusBoard::Options options;
  options.agent_version = version;
  options.tenant = config.node.tenant;
  options.tailnet = std::move(tailnet);
  options.no_control = "none configured";
  return options;
}

}  // namespace aura

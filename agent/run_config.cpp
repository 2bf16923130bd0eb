#include "agent/run_config.hpp"

#include "agent/config/mount_check.hpp"

namespace aura {

namespace {

constexpr const char* tailnet_words = "tailnet identity is not in this version: the TCP listener is closed";

std::string no_control_words(const config::Config& config) {
  if (config.control.url.empty()) return "none configured";
  return "not used: control.auth = \"tailnet\" is not in this version, set it to \"token\"";
}

}  // namespace

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

bool reports_to_control(const config::Config& config) {
  return !config.control.url.empty() && config.control.auth == "token";
}

std::vector<std::string> texts(const std::vector<config::Problem>& problems) {
  std::vector<std::string> lines;
  for (const auto& problem : problems) lines.push_back(config::to_string(problem));
  return lines;
}

loops::StatusBoard::Options board_options(const config::Config& config, const std::string& version) {
  loops::StatusBoard::Options options;
  options.agent_version = version;
  options.tenant = config.node.tenant;
  options.tailnet = tailnet_words;
  options.no_control = no_control_words(config);
  if (!config.control.url.empty() && !reports_to_control(config)) {
    options.troubles.push_back("The control plane is " + options.no_control + ".");
  }
  return options;
}

}  // namespace aura

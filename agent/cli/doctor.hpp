// What doctor looks at, one function a subject, and what it says about it.
#pragma once

#include "agent/config/config.hpp"
#include "common/protocol/report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

// bad makes doctor end with 1; a warning does not.
enum class Level { ok, warning, bad };

struct Finding {
  std::string subject;  // "docker", "control plane", …
  Level level = Level::ok;
  std::string text;  // one sentence: what was seen
  std::string fix;   // what to do; "" for ok
  bool operator==(const Finding&) const = default;
};

// The machine, by looking at files only: configuration and workload files, state directory, workloads folder, space.
// `config` says where they are.
std::vector<Finding> check_files(const config::ConfigPaths& paths, const config::Config& config);
Finding check_state_directory(const std::string& path);
Finding check_workloads_folder(const std::string& path);
Finding check_space(const std::string& path);

// The same judgement for figures at hand.
Finding judge_space(const std::string& path, std::uint64_t available_bytes, std::uint64_t total_bytes);

// Whether the agent answers on `socket`; its report where it does.
struct AgentSeen {
  Finding finding;
  std::optional<protocol::Report> report;
};
AgentSeen check_agent(const std::string& socket);

// Docker and control plane as the running agent knows them, or, without one, by asking them. Asking can start a
// Docker that systemd holds ready behind its socket.
Finding check_docker(const config::Config& config, const std::optional<protocol::Report>& report);
Finding check_control(const config::Config& config, const std::optional<protocol::Report>& report);

// This node's place in the tailnet, as the agent or else tailscaled tells. `needed`: the way to the control plane
// depends on it.
Finding check_tailnet(const config::Config& config, const std::optional<protocol::Report>& report);
protocol::TailnetReport tailnet_seen(const config::Config& config, std::string& trouble);  // asks tailscaled itself
Finding judge_tailnet(const protocol::TailnetReport& seen, std::string_view trouble, bool needed, WallMs now);

// Without an agent: whether control.url names a control plane of the tailnet.
Finding check_control_device(const config::Config& config);

}  // namespace aura::cli

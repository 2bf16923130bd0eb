// What stands in a bundle, and which secrets must not.
#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/bundle.hpp"
#include "agent/cli/tool.hpp"
#include "agent/config/policy.hpp"
#include "agent/config/workload_folder.hpp"
#include "common/files.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include <sys/utsname.h>

namespace aura::cli {
namespace {

constexpr std::size_t host_file_bytes = 64 * 1024;
constexpr int journal_lines = 3'000;
constexpr std::size_t journal_bytes = 2 * 1024 * 1024;
constexpr int journal_timeout_ms = 30'000;
// Where systemd puts the credentials of the unit, and where people put them for it (packaged unit).
constexpr std::array secret_folders{"/run/credentials/aura-node.service", "/etc/aura-node/credentials",
                                    "/etc/credstore", "/run/credstore"};

// What it says, or why it does not.
std::string text_of(const Result<ToolOutput>& output) {
  if (!output) return output.error().message + "\n";
  return output->text + (output->cut ? "\n(cut here)\n" : "");
}

std::string text_of(const Result<http::Response>& answer) {
  return answer ? answer->body + "\n" : answer.error().message + "\n";
}

std::string host_text() {
  std::string text;
  utsname kernel{};
  if (::uname(&kernel) == 0) text += fmt::format("{} {} {}\n", kernel.sysname, kernel.release, kernel.machine);
  for (const char* path : {"/etc/os-release", "/proc/uptime", "/proc/loadavg", "/proc/meminfo", "/proc/pressure/memory",
                           "/proc/pressure/io", "/proc/sys/kernel/random/boot_id"}) {
    const auto content = read_file(path, host_file_bytes);
    text += fmt::format("\n== {}\n{}", path, content ? *content : content.error().message + "\n");
  }
  text += "\n== df\n" + text_of(run_tool({"df", "--local", "--human-readable", "--print-type"}));
  return text + "\n== df --inodes\n" + text_of(run_tool({"df", "--local", "--inodes"}));
}

std::string units_text() {
  // Not all properties: Environment= and SetCredential= may hold what people should not have put there.
  const std::string wanted =
      "--property=Id,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,DropInPaths,StatusText,Result,MainPID,"
      "ExecMainStartTimestamp,ExecMainStatus,NRestarts,Restart,RestartUSec,User,MemoryCurrent,MemoryMax,TasksCurrent,"
      "CPUUsageNSec,TimeoutStartUSec,TimeoutStopUSec,WatchdogUSec,ActiveEnterTimestamp,InactiveEnterTimestamp";
  std::string text;
  for (const char* unit : {"aura-node.service", "docker.service", "docker.socket", "tailscaled.service"})
    text += text_of(run_tool({"systemctl", "show", "--no-pager", wanted, unit})) + "\n";
  return text;
}

std::string versions_text(const Diagnosis& found, const std::optional<DockerFacts>& docker) {
  std::string text = fmt::format("aura-node {}\nagent {}\n", AURA_VERSION,
                                 found.report ? found.report->agent_version : "does not answer");
  text += "docker " + (docker ? docker->version_json : std::string("does not answer")) + "\n";
  text += text_of(run_tool({"systemctl", "--version"}));
  return text + text_of(run_tool({"dpkg-query", "--show", "aura-node", "docker.io", "docker-ce", "tailscale"}));
}

std::string tailnet_text(const Diagnosis& found) {
  std::string trouble;
  const auto seen = tailnet_seen(found.config, trouble);
  std::string text = fmt::format("state {}\nname {}\n", seen.state, seen.name);
  if (!trouble.empty()) text += fmt::format("trouble {}\n", trouble);
  for (const std::string& address : seen.addresses) text += fmt::format("address {}\n", address);
  for (const std::string& line : seen.health) text += fmt::format("health {}\n", line);
  if (seen.key_expiry != 0) text += fmt::format("key expires {}\n", to_rfc3339(seen.key_expiry));
  if (found.report && found.report->tailnet_facts) {
    const auto& facts = *found.report->tailnet_facts;
    text += fmt::format("listening {}\ncontrol plane {} {}\n", facts.listening, facts.control_path, facts.control_via);
  }
  return text;
}

void add_agent_parts(const Diagnosis& found, std::vector<BundlePart>& parts) {
  AgentClient agent(found.socket);
  parts.push_back({"status.json", "the agent's report, or why there is none", text_of(agent.get("/v1/status"))});
  if (!found.report) return;
  parts.push_back({"events.json", "the last events", text_of(agent.get("/v1/events?after=0"))});
  for (const auto& workload : found.report->workloads) {
    parts.push_back({"why/" + workload.name + ".json", "why its runs began and ended",
                     text_of(agent.get("/v1/workloads/" + workload.name + "/why"))});
  }
}

std::string config_text(const Diagnosis& found) {
  if (found.loaded) return config::render_config(*found.loaded.loaded);
  std::string text;
  for (const auto& problem : found.loaded.problems) text += config::to_string(problem) + "\n";
  return text;
}

// The variables that workload files fill from credentials.
std::set<std::string> secret_variables(const config::Config& config) {
  const auto policy = config::load_policy(config.paths.policy);
  const auto folder = config::load_folder(config.paths.workloads, policy.policy.value_or(config::Policy{}),
                                          config::policy_context(config), {});
  std::set<std::string> names;
  for (const auto& [workload, declaration] : folder.set.good) {
    for (const auto& [variable, reference] : declaration.spec.secrets) names.insert(variable);
  }
  return names;
}

}  // namespace

Redactor known_secrets(const Diagnosis& found, const std::optional<DockerFacts>& docker,
                       std::vector<std::string>& missed) {
  Redactor secrets;
  const config::Config::Paths& paths = found.config.paths;
  std::set<std::string> folders(secret_folders.begin(), secret_folders.end());
  folders.insert(paths.runtime + "/secrets");  // secret files as containers have them, older values included
  if (!paths.credentials.empty()) folders.insert(paths.credentials);
  for (const std::string& folder : folders) {
    if (!secrets.add_folder(folder)) missed.push_back(folder);
  }
  const std::string node_key = paths.state + "/node-key";
  if (!secrets.add_file(node_key)) missed.push_back(node_key);
  if (!docker) return secrets;
  // A container keeps the value that it was made with when the credential has another one by now.
  const std::set<std::string> variables = secret_variables(found.config);
  for (const ContainerFacts& container : docker->containers) {
    for (const auto& [variable, value] : container.env) {
      if (variables.contains(variable) || names_a_secret(variable)) secrets.add(value);
    }
  }
  return secrets;
}

std::vector<BundlePart> bundle_parts(const Diagnosis& found, const std::optional<DockerFacts>& docker,
                                     const std::function<void(const std::string&)>& progress) {
  std::vector<BundlePart> parts;
  progress("the agent");
  parts.push_back({"doctor.json", "what aura-node doctor finds", encode_findings(found.findings) + "\n"});
  add_agent_parts(found, parts);
  parts.push_back({"config", "the configuration in force, with origins", config_text(found)});
  progress("the journal");
  parts.push_back({"journal", "what the unit wrote of late",
                   text_of(run_tool({"journalctl", "--unit=aura-node", "--no-pager", "--output=short-iso",
                                     fmt::format("--lines={}", journal_lines)},
                                    {.timeout_ms = journal_timeout_ms, .max_bytes = journal_bytes}))});
  progress("systemd and the host");
  parts.push_back({"units", "systemctl show of the units concerned", units_text()});
  parts.push_back({"host", "system, load, memory, disks", host_text()});
  parts.push_back({"tailnet", "what tailscaled says of this node", tailnet_text(found)});
  parts.push_back({"versions", "of everything", versions_text(found, docker)});
  if (!docker) return parts;
  parts.push_back({"docker-info.json", "docker info", docker->info_json});
  for (const ContainerFacts& one : docker->containers)
    parts.push_back({"containers/" + one.name + ".json", "docker inspect, without environment", one.shown});
  return parts;
}

}  // namespace aura::cli

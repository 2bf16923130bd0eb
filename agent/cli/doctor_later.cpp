#include "agent/cli/doctor_later.hpp"

#include "agent/cli/tool.hpp"
#include "agent/config/policy.hpp"
#include "agent/config/workload_folder.hpp"
#include "common/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>

#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

namespace aura::cli {
namespace {

constexpr const char* daemon_file = "/etc/docker/daemon.json";
constexpr std::size_t daemon_file_bytes = 256 * 1024;
constexpr const char* metadata_address = "169.254.169.254";
constexpr const char* cloud_data = "/run/cloud-init/instance-data.json";
constexpr std::int64_t clock_offset_ms = 5'000;
constexpr std::uint64_t us_per_s = 1'000'000;
constexpr std::uint64_t least_stop_us = 15 * us_per_s;  // the agent's first word to systemd takes a moment
constexpr int bus_timeout_ms = 3'000;

constexpr const char* systemd_name = "org.freedesktop.systemd1";
constexpr const char* unit_path = "/org/freedesktop/systemd1/unit/";

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

// Every property's value, or nothing where systemd cannot be asked.
std::vector<std::string> properties(const std::string& unit, const std::string& interface,
                                    std::vector<std::string> names) {
  std::vector<std::string> argv{"busctl",     "--system",       "--timeout=2", "get-property",
                                systemd_name, unit_path + unit, interface};
  argv.insert(argv.end(), std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
  const auto answer = run_tool(argv, {.timeout_ms = bus_timeout_ms});
  if (!answer || answer->exit_code != 0) return {};
  return property_values(answer->text);
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  // systemd's "infinity".
  return number == std::numeric_limits<std::uint64_t>::max() ? 0 : number;
}

LongestStop longest_stop(const config::Config& config) {
  const auto policy = config::load_policy(config.paths.policy);
  const auto folder = config::load_folder(config.paths.workloads, policy.policy.value_or(config::Policy{}),
                                          config::policy_context(config), {});
  LongestStop longest;
  for (const auto& [name, declaration] : folder.set.good) {
    const reconcile::Stop& stop = declaration.spec.stop;
    const int seconds = stop.grace_s + (stop.hook ? stop.hook->timeout_s : 0);
    if (seconds > longest.seconds) longest = {name, seconds};
  }
  return longest;
}

std::vector<Finding> check_unit(const config::Config& config) {
  constexpr const char* subject = "unit";
  const auto loaded = properties("aura_2dnode_2eservice", "org.freedesktop.systemd1.Unit", {"LoadState"});
  if (loaded.empty()) return {{subject, Level::ok, "Not checked: systemd cannot be asked.", ""}};
  if (loaded.front() != "loaded") return {{subject, Level::ok, "Not checked: there is no aura-node.service.", ""}};
  const auto own =
      properties("aura_2dnode_2eservice", "org.freedesktop.systemd1.Service", {"TimeoutStopUSec", "WatchdogUSec"});
  if (own.size() != 2) return {{subject, Level::ok, "Not checked: systemd does not tell.", ""}};
  UnitTimes times{number_of(own[0]), number_of(own[1]), {}};
  for (const char* target : {"poweroff_2etarget", "reboot_2etarget"}) {
    const auto job = properties(target, "org.freedesktop.systemd1.Unit", {"JobTimeoutUSec"});
    const std::uint64_t limit = job.empty() ? 0 : number_of(job.front());
    if (limit != 0) times.shutdown_job_us = std::min(limit, times.shutdown_job_us.value_or(limit));
  }
  return judge_unit(times, longest_stop(config));
}

// adjtimex(2) without a change asks for no privilege.
std::optional<bool> clock_synchronised() {
  timex state{};
  const int answer = ::adjtimex(&state);
  if (answer < 0) return {};
  return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

Finding check_metadata() {
  constexpr const char* subject = "metadata";
  if (::access(cloud_data, F_OK) != 0)
    return {subject, Level::ok, "Not checked: cloud-init has left no sign of a cloud here.", ""};
  if (::geteuid() != 0) return {subject, Level::ok, "Not checked: only root may see the rules.", ""};
  std::string rules;
  // Containers' packets are forwarded; Docker looks at DOCKER-USER before its own rules.
  for (const char* chain : {"DOCKER-USER", "FORWARD"}) {
    const auto answer = run_tool({"iptables", "-S", chain});
    if (!answer) return {subject, Level::ok, fmt::format("Not checked: {}.", answer.error().message), ""};
    if (answer->exit_code == 0) rules += answer->text;
  }
  if (rules.empty()) return {subject, Level::ok, "Not checked: iptables tells nothing of the containers' way out.", ""};
  return judge_metadata(rules);
}

// It is here, and on another file system than the other path, which is looked at anyway.
bool elsewhere(const std::string& path, const std::string& other) {
  struct stat one {
  }, two{};
  if (::stat(path.c_str(), &one) != 0) return false;
  return ::stat(other.c_str(), &two) != 0 || one.st_dev != two.st_dev;
}

std::vector<Finding> check_docker_later(const config::Config& config) {
  constexpr const char* subject = "docker";
  const auto docker = ask_docker(config.docker.socket, config.node.id);
  if (!docker)
    return {{subject, Level::warning, fmt::format("Docker does not tell of itself: {}.", docker.error().message),
             "Run aura-node doctor as root or as a member of group docker"}};
  const auto daemon = read_file(daemon_file, daemon_file_bytes);
  const bool bounded = daemon ? bounds_logs(*daemon) : docker->engine.logging_driver != "json-file";
  std::vector<Finding> findings{judge_live_restore(docker->engine), judge_log_drivers(*docker, bounded),
                                judge_restart_policies(docker->containers)};
  // Where images and containers lie; the agent's own state may lie elsewhere.
  if (elsewhere(docker->engine.root_dir, config.paths.state)) findings.push_back(check_space(docker->engine.root_dir));
  return findings;
}

}  // namespace

Finding judge_live_restore(const EngineFacts& engine) {
  constexpr const char* subject = "live-restore";
  if (engine.live_restore) return {subject, Level::ok, "Containers outlive a restart of Docker.", ""};
  return {
      subject, Level::warning,
      "Docker's live-restore is off: every restart or upgrade of Docker ends all containers, and none can be frozen.",
      fmt::format("Put \"live-restore\": true into {}, then: systemctl reload docker", daemon_file)};
}

Finding judge_log_drivers(const DockerFacts& docker, bool daemon_bounded) {
  constexpr const char* subject = "logs";
  std::vector<std::string> endless;
  for (const ContainerFacts& one : docker.containers) {
    if (!one.log_bounded) endless.push_back(one.name);
  }
  if (!endless.empty()) {
    return {subject, Level::warning, fmt::format("The log of {} grows without bound.", joined(endless)),
            "aura-node makes containers with a bounded log: change its file, so that another one is made"};
  }
  if (!daemon_bounded) {
    return {subject, Level::warning,
            fmt::format("Containers that others make log by {} without bound, until the disk is full.",
                        docker.engine.logging_driver),
            fmt::format("Put \"log-driver\": \"local\" into {}, then: systemctl restart docker", daemon_file)};
  }
  return {subject, Level::ok, "What containers log is bounded.", ""};
}

Finding judge_restart_policies(const std::vector<ContainerFacts>& containers) {
  constexpr const char* subject = "restart policy";
  std::vector<std::string> restarted;
  for (const ContainerFacts& one : containers) {
    if (!one.restart_policy.empty() && one.restart_policy != "no") restarted.push_back(one.name);
  }
  if (restarted.empty()) return {subject, Level::ok, "Docker starts no container of this node by itself.", ""};
  return {subject, Level::bad,
          fmt::format("Docker starts {} by itself, also while the node is suspended.", joined(restarted)),
          fmt::format("docker update --restart=no {}", fmt::join(restarted, " "))};
}

Finding judge_clock(std::optional<bool> synchronised, std::optional<std::int64_t> offset_ms) {
  constexpr const char* subject = "clock";
  const std::string fix = "timedatectl set-ntp true, or install chrony; timedatectl says what it does";
  if (offset_ms && (*offset_ms > clock_offset_ms || *offset_ms < -clock_offset_ms)) {
    return {subject, Level::warning,
            fmt::format("The clock is {} s {} the control plane's.", std::abs(*offset_ms) / 1000,
                        *offset_ms > 0 ? "before" : "behind"),
            fix};
  }
  if (!synchronised) return {subject, Level::ok, "Not checked: the kernel does not tell.", ""};
  if (*synchronised) return {subject, Level::ok, "The clock is synchronised.", ""};
  return {subject, Level::warning,
          "Nothing keeps the clock right: certificates, times of events and the tailnet's keys depend on it.", fix};
}

std::vector<Finding> judge_unit(const UnitTimes& times, const LongestStop& longest) {
  std::vector<Finding> findings;
  if (times.watchdog_us == 0) {
    findings.push_back({"watchdog", Level::warning,
                        "The unit has no watchdog: an agent that hangs is noticed by nobody.",
                        "WatchdogSec=30 in the unit; systemctl cat aura-node shows which file took it away"});
  }
  if (times.stop_us != 0 && times.stop_us < least_stop_us) {
    findings.push_back({"unit", Level::warning,
                        fmt::format("TimeoutStopSec is {} s: systemd may kill the agent before it has asked for the "
                                    "time that its workloads need at a shutdown.",
                                    times.stop_us / us_per_s),
                        "TimeoutStopSec=90 in the unit; systemctl cat aura-node shows which file changed it"});
  }
  const std::uint64_t needed_us = static_cast<std::uint64_t>(longest.seconds) * us_per_s;
  if (times.shutdown_job_us && needed_us >= *times.shutdown_job_us) {
    findings.push_back({"unit", Level::warning,
                        fmt::format("{} may take {} s to stop, but systemd forces the host down after {} s.",
                                    longest.workload, longest.seconds, *times.shutdown_job_us / us_per_s),
                        "A shorter stop.grace_s, or JobTimeoutSec= of poweroff.target and reboot.target"});
  }
  if (findings.empty())
    findings.push_back({"unit", Level::ok, "systemd gives the agent and its workloads the time that they need.", ""});
  return findings;
}

Finding judge_metadata(std::string_view rules) {
  constexpr const char* subject = "metadata";
  for (std::size_t at = 0; at < rules.size();) {
    const std::size_t end = std::min(rules.find('\n', at), rules.size());
    const std::string_view rule = rules.substr(at, end - at);
    at = end + 1;
    const bool about_it = rule.find(metadata_address) != rule.npos || rule.find("169.254.0.0/16") != rule.npos;
    const bool closed = rule.find("-j DROP") != rule.npos || rule.find("-j REJECT") != rule.npos;
    if (about_it && closed) return {subject, Level::ok, "Containers are kept from the cloud's metadata.", ""};
  }
  return {
      subject, Level::warning,
      fmt::format("Containers may ask {} for what the cloud tells this machine, its keys included.", metadata_address),
      fmt::format("iptables -I DOCKER-USER -d {} -j DROP, and keep it over a boot (iptables-persistent)",
                  metadata_address)};
}

std::vector<std::string> property_values(std::string_view busctl) {
  std::vector<std::string> values;
  for (std::size_t at = 0; at < busctl.size();) {
    const std::size_t end = std::min(busctl.find('\n', at), busctl.size());
    std::string_view line = busctl.substr(at, end - at);
    at = end + 1;
    const std::size_t blank = line.find(' ');
    if (blank == line.npos) continue;
    line.remove_prefix(blank + 1);
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    values.emplace_back(line);
  }
  return values;
}

std::vector<Finding> check_later(const config::Config& config, const std::optional<protocol::Report>& report,
                                 bool docker_answers) {
  std::vector<Finding> findings;
  if (docker_answers) findings = check_docker_later(config);
  findings.push_back(
      judge_clock(clock_synchronised(), report ? report->host.clock_offset_ms : std::optional<std::int64_t>()));
  for (Finding& one : check_unit(config)) findings.push_back(std::move(one));
  findings.push_back(check_metadata());
  return findings;
}

}  // namespace aura::cli

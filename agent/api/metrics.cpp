// Figures for a scraper, built anew for each request: nothing is kept between them.
#include "agent/api/routes.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

namespace aura::api {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view total = "_total";

// Backslash, quote and end of line are all that the format asks to escape in the value of a label.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

// OpenMetrics 1.0: the samples of a family stand together, and the family of a counter is named without _total.
class Families {
 public:
  Families(const protocol::Report& report)
      : own_(fmt::format("{{tenant_id=\"{}\",node_id=\"{}\"", escaped(report.tenant), escaped(report.node_id))) {}

  void gauge(const std::string& name, std::string_view help, double value, const Labels& labels = {}) {
    add(name, name, "gauge", help, value, labels);
  }
  void counter(const std::string& name, std::string_view help, double value, const Labels& labels = {}) {
    add(name, name.substr(0, name.size() - total.size()), "counter", help, value, labels);
  }

  std::string text() const {
    std::string out;
    for (const auto& family : families_) out += family;
    return out += "# EOF\n";
  }

 private:
  void add(const std::string& name, const std::string& family, std::string_view type, std::string_view help,
           double value, const Labels& labels) {
    const auto [place, fresh] = index_.emplace(name, families_.size());
    if (fresh) families_.push_back(fmt::format("# HELP {} {}\n# TYPE {} {}\n", family, help, family, type));
    std::string& text = families_[place->second];
    text += name + own_;
    for (const auto& [key, word] : labels) text += fmt::format(",{}=\"{}\"", key, escaped(word));
    text += fmt::format("}} {}\n", value);
  }

  std::string own_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> families_;
};

void add_usage(Families& families, const protocol::WorkloadUsage& usage, const Labels& labels) {
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
    families.gauge(name, help, static_cast<double>(value), labels);
  };
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    families.counter(name, help, static_cast<double>(value), labels);
  };
  gauge("aura_workload_memory_working_set_bytes", "memory charged, without page cache that goes first",
        usage.memory_bytes);
  if (usage.memory_limit_bytes != 0)
    gauge("aura_workload_memory_limit_bytes", "its memory limit", usage.memory_limit_bytes);
  constexpr double us_per_s = 1e6;
  families.counter("aura_workload_cpu_seconds_total", "CPU time of this run",
                   static_cast<double>(usage.cpu_us) / us_per_s, labels);
  gauge("aura_workload_pids", "processes and threads", usage.pids);
  counter("aura_workload_oom_kills_total", "its processes that the kernel killed for want of memory, in this run",
          usage.oom_kills);
  counter("aura_workload_block_read_bytes_total", "read from block devices in this run", usage.block_read_bytes);
  counter("aura_workload_block_write_bytes_total", "written to block devices in this run", usage.block_write_bytes);
  if (!usage.network_receive_bytes || !usage.network_transmit_bytes) return;
  counter("aura_workload_network_receive_bytes_total", "received over the network in this run",
          *usage.network_receive_bytes);
  counter("aura_workload_network_transmit_bytes_total", "sent over the network in this run",
          *usage.network_transmit_bytes);
}

void add_workload(Families& families, const protocol::WorkloadReport& workload) {
  const Labels labels = {{"workload", workload.name}};
  const bool runs =
      workload.state == protocol::WorkloadWord::running || workload.state == protocol::WorkloadWord::unhealthy;
  families.gauge("aura_workload_running", "1 if the workload runs", runs ? 1 : 0, labels);
  families.gauge("aura_workload_intended", "1 if the workload is intended to run",
                 workload.intent == protocol::Intent::running ? 1 : 0, labels);
  if (!workload.health.empty() && workload.health != "none") {
    families.gauge("aura_workload_healthy", "1 if its probes, or its image's HEALTHCHECK, find it healthy",
                   workload.health == "healthy" ? 1 : 0, labels);
  }
  auto with_state = labels;
  with_state.emplace_back("state", std::string(protocol::to_string(workload.state)));
  families.gauge("aura_workload_state", "1 for the state the workload is in", 1, with_state);
  families.counter("aura_workload_restarts_total", "restarts by the agent", workload.restarts, labels);
  families.gauge("aura_workload_restart_budget_used", "restarts within the give-up window", workload.budget_used,
                 labels);
  if (workload.usage) add_usage(families, *workload.usage, labels);
}

void add_tailnet(Families& families, const protocol::Report& report) {
  families.gauge("aura_control_heard", "1 if the last heartbeat was answered well", report.control_heard ? 1 : 0);
  if (!report.tailnet_facts) return;
  const protocol::TailnetReport& tailnet = *report.tailnet_facts;
  families.gauge("aura_tailnet_state", "1 for the state of tailscaled", 1, {{"state", tailnet.state}});
  families.gauge("aura_tailnet_health_warnings", "warnings of tailscaled itself",
                 static_cast<double>(tailnet.health.size()));
  constexpr double ms_per_s = 1000;
  if (tailnet.key_expiry != 0) {
    families.gauge("aura_tailnet_key_expiry_timestamp_seconds", "when this node's key in the tailnet expires",
                   static_cast<double>(tailnet.key_expiry) / ms_per_s);
  }
  if (!tailnet.control_path.empty()) {
    families.gauge("aura_tailnet_control_path", "1 for how packets get to the control plane", 1,
                   {{"path", tailnet.control_path}});
  }
}

}  // namespace

std::string metrics_text(const protocol::Report& report, const reconcile::State& state, const Now& now) {
  Families families(report);
  families.gauge("aura_node_state", "1 for the verdict of the node", 1,
                 {{"state", std::string(protocol::to_string(report.state))}});
  families.gauge("aura_node_suspended", "1 if the node is suspended", report.suspension ? 1 : 0);
  families.gauge("aura_node_epoch", "starts of the agent on this ledger", static_cast<double>(report.epoch));
  families.gauge("aura_docker_known", "1 if Docker answers", report.docker_known ? 1 : 0);
  families.gauge("aura_node_boot_seconds", "time since boot", static_cast<double>(now.boot_ms) / 1000);
  families.gauge("aura_host_load1", "load average over a minute", report.host.load1);
  families.gauge("aura_host_memory_bytes", "memory of the host", static_cast<double>(report.host.memory_bytes));
  families.gauge("aura_host_memory_available_bytes", "memory that is available",
                 static_cast<double>(report.host.memory_available_bytes));
  families.gauge("aura_host_disk_bytes", "size of the file system with the state directory",
                 static_cast<double>(report.host.disk_bytes));
  families.gauge("aura_host_disk_available_bytes", "space left on it",
                 static_cast<double>(report.host.disk_available_bytes));
  families.gauge("aura_commands_open", "commands without an outcome yet", static_cast<double>(state.open.size()));
  families.counter("aura_events_total", "events of this ledger", static_cast<double>(state.last_event_seq));
  families.gauge("aura_events_unconfirmed", "events the control plane has not confirmed",
                 static_cast<double>(state.last_event_seq - state.confirmed_event_seq));
  add_tailnet(families, report);
  for (const auto& workload : report.workloads) add_workload(families, workload);
  return families.text();
}

}  // namespace aura::api

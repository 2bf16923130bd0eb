#include "common/bytes.hpp"
#include "control/api/views.hpp"
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/cli/text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace aura::control::cli {
namespace {

using protocol::Intent;

constexpr int watch_interval_ms = 2'000;

std::string heard_text(const NodeView& node) {
  return node.heard_s_ago ? human_duration(*node.heard_s_ago) + " ago" : "never";
}

std::string due_text(const NodeView& node) {
  if (!node.due_in_s) return "-";
  if (*node.due_in_s < 0) return human_duration(-*node.due_in_s) + " overdue";
  return "in " + human_duration(*node.due_in_s);
}

std::string intent_text(Intent intent, bool suspended) {
  return std::string(to_string(intent)) + (suspended ? ", suspended" : "");
}

std::string wanted_text(const NodeView& node) {
  return node.wanted ? intent_text(node.wanted->intent, node.wanted->suspended) : "-";
}

std::string workloads_text(const NodeView& node) {
  if (!node.status.report) return "-";
  const auto& workloads = node.status.report->workloads;
  const auto running = std::count_if(workloads.begin(), workloads.end(), [](const auto& workload) {
    return workload.state == protocol::WorkloadWord::running;
  });
  return fmt::format("{}/{} running", running, workloads.size());
}

std::string tailnet_text(const NodeView& node) {
  std::string text = node.lights.tailnet;
  if (node.over_tailnet) text += ", heard from " + node.address;
  if (!node.record.device.empty()) {
    text += fmt::format(", bound to the device {}{}{}", node.record.device_name,
                        node.record.device_name.empty() ? "" : " ", "(" + node.record.device + ")");
  }
  return printable(text);
}

std::string table_of(const std::vector<NodeView>& nodes) {
  std::vector<std::vector<std::string>> rows = {
      {"NODE", "VERDICT", "HEARD", "NEXT DUE", "INTENT", "WORKLOADS", "TAILNET"}};
  for (const NodeView& node : nodes) {
    rows.push_back({printable(node.id), printable(node.verdict.word), heard_text(node), due_text(node),
                    wanted_text(node), workloads_text(node),
                    printable(node.address.empty() ? node.lights.tailnet : node.lights.tailnet + " " + node.address)});
  }
  return table(rows);
}

// As the last report told; figures alone make no report, so they may be minutes old.
std::string cpu_text(const protocol::WorkloadReport& workload) {
  const bool known = workload.usage && workload.usage->cpu_percent;
  return known ? fmt::format("{:.1f} %", *workload.usage->cpu_percent) : "-";
}

std::string memory_text(const protocol::WorkloadReport& workload) {
  if (!workload.usage) return "-";
  const std::string used = human_bytes(workload.usage->memory_bytes);
  const std::uint64_t limit_bytes = workload.usage->memory_limit_bytes;
  return limit_bytes == 0 ? used : fmt::format("{} of {}", used, human_bytes(limit_bytes));
}

void print_workloads(const NodeView& node) {
  if (!node.status.report || node.status.report->workloads.empty()) return;
  std::vector<std::vector<std::string>> rows = {{"WORKLOAD", "STATE", "INTENT", "RESTARTS", "CPU", "MEMORY", "WHY"}};
  for (const auto& workload : node.status.report->workloads) {
    std::string why = printable(workload.reason);
    if (workload.last_exit) {
      if (!why.empty()) why += "; ";
      why += fmt::format(
          "last exit {}: {}", workload.last_exit->code,
          printable(workload.last_exit->why.empty() ? workload.last_exit->meaning : workload.last_exit->why));
    }
    rows.push_back({printable(workload.name), std::string(to_string(workload.state)),
                    std::string(to_string(workload.intent)), std::to_string(workload.restarts), cpu_text(workload),
                    memory_text(workload), why});
  }
  fmt::print("\n{}", table(rows));
}

void print_commands(const NodeView& node) {
  if (node.commands.empty()) return;
  std::vector<std::vector<std::string>> rows = {{"COMMAND", "VERB", "TARGET", "STATE", "AGE", "DETAIL"}};
  for (const CommandView& view : node.commands) {
    std::string state(fleet::to_string(view.state));
    std::string detail = printable(view.waiting_for.empty() ? view.deferred_code : view.waiting_for);
    if (view.outcome) {
      state = to_string(view.outcome->kind);
      detail = printable(view.outcome->detail);
    }
    rows.push_back({printable(view.command.id), std::string(to_string(view.command.verb)),
                    printable(to_string(view.command.target)), state, human_duration(view.age_s), detail});
  }
  fmt::print("\n{}", table(rows));
}

void print_node(const NodeView& node) {
  fmt::print("{}: {}\n", printable(node.id), printable(node.verdict.word));
  for (const std::string& reason : node.verdict.reasons) fmt::print("  {}\n", printable(reason));
  const fleet::Lights& lights = node.lights;
  std::vector<std::vector<std::string>> rows = {
      {"heard", fmt::format("{}, next due {}", heard_text(node), due_text(node))},
      {"lights", printable(fmt::format("heartbeat {}, docker {}, workloads {}, tailnet {}, cloud {}", lights.heartbeat,
                                       lights.docker, lights.workloads, lights.tailnet, lights.cloud_api))},
      {"wanted", wanted_text(node)},
      {"observed", node.heard_s_ago ? intent_text(node.status.intent, node.status.suspended) : "unknown"},
      {"agent", printable(node.status.agent_version)},
      {"tailnet", tailnet_text(node)}};
  if (node.wanted) {
    rows[2][1] += fmt::format(" (generation {}, {}{}{})", node.wanted->generation,
                              node.wanted_reached ? "the node has it" : "not reached yet",
                              node.wanted->actor.empty() ? "" : ", by " + printable(node.wanted->actor),
                              node.wanted->reason.empty() ? "" : ": " + printable(node.wanted->reason));
  }
  if (!node.record.cloud_instance_id.empty()) rows.push_back({"instance", printable(node.record.cloud_instance_id)});
  if (!node.record.stage.empty()) {
    rows.push_back({"stage", printable(node.record.stage + (node.record.stage_reason.empty() ? "" : ": ") +
                                       node.record.stage_reason)});
  }
  fmt::print("{}", table(rows));
  print_workloads(node);
  print_commands(node);
}

Result<void> show_nodes(Client& client, const Connection& connection, bool redraw) {
  const auto response = client.get("/v1/nodes");
  if (response.has_error()) return response.error();
  if (connection.json) {
    fmt::print("{}\n", response->body);
  } else {
    const auto nodes = decode_nodes(response->body);
    if (nodes.has_error()) return Error{Errc::bad_reply, nodes.error().message};
    const std::string text =
        nodes->empty() ? "no nodes yet; aura-control enroll NODE gives one its code\n" : table_of(*nodes);
    fmt::print("{}{}", redraw ? "\x1b[H\x1b[2J" : "", text);
  }
  std::fflush(stdout);
  return {};
}

}  // namespace

int nodes(const Connection& connection, bool watch) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  const bool redraw = watch && !connection.json && isatty(STDOUT_FILENO) == 1;
  while (true) {
    const auto shown = show_nodes(*client, connection, redraw);
    if (shown.has_error()) return report(shown.error());
    if (!watch || !client->pause(watch_interval_ms)) return exit_ok;
  }
}

int node(const Connection& connection, const std::string& node_id) {
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  const auto response = client->get("/v1/nodes/" + http::percent_encode(node_id));
  if (response.has_error()) return report(response.error());
  if (connection.json) {
    fmt::print("{}\n", response->body);
    return exit_ok;
  }
  const auto view = decode_node(response->body);
  if (view.has_error()) return report({Errc::bad_reply, view.error().message});
  print_node(*view);
  return exit_ok;
}

}  // namespace aura::control::cli

#include "agent/cli/status_view.hpp"

#include "agent/cli/exit_codes.hpp"
#include "agent/cli/pull_bar.hpp"
#include "common/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::cli {
namespace {

using protocol::NodeWord;
using protocol::Report;
using protocol::WorkloadReport;
using protocol::WorkloadWord;

constexpr WallMs ms_per_s = 1'000;
constexpr std::size_t state_column = 1;
constexpr int pull_columns = 40;

std::string age(WallMs then, WallMs now) { return human_duration(std::max<WallMs>(now - then, 0) / ms_per_s); }

bool is_up(WorkloadWord word) {
  return word == WorkloadWord::running || word == WorkloadWord::unhealthy || word == WorkloadWord::stopping ||
         word == WorkloadWord::frozen;
}

// How long it has been up, or since its last run ended.
std::string since(const WorkloadReport& workload, WallMs now) {
  if (is_up(workload.state)) {
    const auto started = parse_rfc3339(workload.started_at);
    return started ? age(*started, now) : "-";
  }
  const bool down = workload.last_exit && workload.state != WorkloadWord::unknown;
  return down ? age(workload.last_exit->at, now) : "-";
}

std::string reason(const WorkloadReport& workload) {
  // Why Docker cannot be asked stands in its own line, once.
  if (workload.state == WorkloadWord::unknown) return "Docker cannot be asked.";
  std::string text = printable(workload.reason);
  if (workload.pull) text = pull_bar(*workload.pull, pull_columns);
  if (text.empty() && !is_up(workload.state) && workload.last_exit) text = printable(workload.last_exit->why);
  if (workload.state == WorkloadWord::running && workload.health == "starting")
    text += text.empty() ? "health: starting" : "";
  return text;
}

std::string workloads_text(const Report& report, WallMs now, const Terminal& terminal) {
  if (report.workloads.empty()) return "No workload is declared.\n";
  Rows rows{{"NAME", "STATE", "RESTARTS", "SINCE", "REASON"}};
  for (const WorkloadReport& workload : report.workloads) {
    rows.push_back({printable(workload.name), std::string(to_string(workload.state)), std::to_string(workload.restarts),
                    since(workload, now), reason(workload)});
  }
  if (!terminal.has_colour()) return table(rows);
  // Colour has no width: the padding is done first, the word is painted in its padded line.
  const std::string plain = table(rows);
  std::string painted;
  std::size_t begin = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::size_t end = plain.find('\n', begin);
    std::string line = plain.substr(begin, end - begin);
    begin = end + 1;
    if (row == 0) {
      painted += terminal.paint(line, Colour::dim) + "\n";
      continue;
    }
    const std::string& word = rows[row][state_column];
    const std::size_t at = line.find(word, rows[row].front().size());
    line.replace(at, word.size(), terminal.paint(word, colour_of(report.workloads[row - 1].state)));
    painted += line + "\n";
  }
  return painted;
}

// What a tag stands for here, and what is fetched for nobody's sake but a command's.
std::string images_text(const Report& report) {
  std::string text;
  for (const WorkloadReport& workload : report.workloads) {
    const bool by_tag = workload.image.find('@') == std::string::npos;
    if (!by_tag || workload.image_digest.empty()) continue;
    text += fmt::format("Image          {}: {} is {}\n", printable(workload.name), printable(workload.image),
                        printable(workload.image_digest));
  }
  for (const auto& pull : report.pulls) {
    const auto shown = [&](const WorkloadReport& workload) { return workload.pull && workload.image == pull.image; };
    if (std::any_of(report.workloads.begin(), report.workloads.end(), shown)) continue;
    text += fmt::format("Pull           {}: {}\n", printable(pull.image), pull_bar(pull, pull_columns));
  }
  return text;
}

std::string intent_text(const Report& report, WallMs now) {
  std::string text = fmt::format("Intent         {}", to_string(report.intent));
  if (report.suspension) {
    text += fmt::format(", suspended ({}) for {} by {}: {}", printable(report.suspension->mode),
                        age(report.suspension->since, now), printable(report.suspension->actor),
                        printable(report.suspension->reason));
  }
  if (report.held_for_s) text += fmt::format(", held for another {}", human_duration(*report.held_for_s));
  if (report.locked) text += ", locked";
  return text + "\n";
}

std::string host_text(const protocol::HostReport& host) {
  return fmt::format("Host           load {:.2f} on {} CPUs, memory {} of {} free, disk {} of {} free\n", host.load1,
                     host.cpus, human_bytes(host.memory_available_bytes), human_bytes(host.memory_bytes),
                     human_bytes(host.disk_available_bytes), human_bytes(host.disk_bytes));
}

std::string tailnet_text(const std::optional<protocol::TailnetReport>& tailnet) {
  if (!tailnet) return "";
  std::string text = fmt::format("               API {}\n", printable(tailnet->listening));
  if (tailnet->control_path == "idle") text += "               to the control plane: no packet lately\n";
  if (tailnet->control_path == "direct" || tailnet->control_path == "relayed") {
    text += fmt::format("               to the control plane: {} {} {}\n", tailnet->control_path,
                        tailnet->control_path == "direct" ? "to" : "through", printable(tailnet->control_via));
  }
  if (tailnet->key_expiry != 0) text += "               its key expires on " + to_rfc3339(tailnet->key_expiry) + "\n";
  return text;
}

std::string commands_text(const Report& report, WallMs now) {
  if (report.commands.empty()) return "";
  Rows rows{{"COMMAND", "VERB", "TARGET", "AGE", "BY", "WAITS FOR"}};
  for (const auto& open : report.commands) {
    rows.push_back({printable(open.id), std::string(to_string(open.verb)), printable(to_string(open.target)),
                    age(open.accepted_at, now), printable(open.actor), printable(open.waiting_for)});
  }
  return "\n" + table(rows);
}

}  // namespace

Colour colour_of(NodeWord word) {
  switch (word) {
    case NodeWord::running: return Colour::green;
    case NodeWord::cloned:
    case NodeWord::fenced:
    case NodeWord::decommissioned:
    case NodeWord::degraded: return Colour::red;
    default: return Colour::yellow;
  }
}

Colour colour_of(WorkloadWord word) {
  switch (word) {
    case WorkloadWord::running: return Colour::green;
    case WorkloadWord::unhealthy:
    case WorkloadWord::crash_loop:
    case WorkloadWord::failed:
    case WorkloadWord::stuck:
    case WorkloadWord::conflict:
    case WorkloadWord::unknown: return Colour::red;
    case WorkloadWord::stopped: return Colour::none;
    default: return Colour::yellow;
  }
}

int exit_code_of(const Report& report) {
  if (!report.docker_known) return exit_failed;
  switch (report.state) {
    case NodeWord::running:
    case NodeWord::stopped:
    case NodeWord::suspended:
    case NodeWord::frozen:
    case NodeWord::held:
    case NodeWord::locked: return exit_ok;
    default: return exit_failed;
  }
}

std::string status_text(const Report& report, WallMs now, const Terminal& terminal) {
  const std::string verdict(to_string(report.state));
  std::string text = fmt::format("{}  {}{}\n", terminal.paint(verdict, colour_of(report.state)),
                                 terminal.paint(printable(report.node_id), Colour::bold),
                                 report.tenant.empty() ? "" : fmt::format("  tenant {}", printable(report.tenant)));
  for (const std::string& one : report.reasons) text += "  " + printable(one) + "\n";
  text += "\n" + intent_text(report, now) + "\n";
  text += workloads_text(report, now, terminal) + "\n";
  text += images_text(report);
  text += fmt::format("Docker         {}\n", printable(report.docker));
  text += fmt::format("Control plane  {}\n", printable(report.control));
  text += fmt::format("Tailnet        {}\n", printable(report.tailnet));
  text += tailnet_text(report.tailnet_facts);
  text += host_text(report.host);
  text += fmt::format("Agent          {}, start {} of this ledger\n", printable(report.agent_version), report.epoch);
  return text + commands_text(report, now);
}

}  // namespace aura::cli

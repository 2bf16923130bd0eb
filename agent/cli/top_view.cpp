#include "agent/cli/top_view.hpp"

#include "agent/cli/status_view.hpp"
#include "common/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::cli {
namespace {

using protocol::WorkloadReport;

constexpr std::int64_t ms_per_s = 1'000;
constexpr double percents = 100;

const WorkloadReport* find(const protocol::Report& report, const std::string& name) {
  const auto found = std::find_if(report.workloads.begin(), report.workloads.end(),
                                  [&](const WorkloadReport& one) { return one.name == name; });
  return found == report.workloads.end() ? nullptr : &*found;
}

std::optional<double> cpu_between(const TopLook* before, const TopLook& now, const WorkloadReport& workload) {
  if (!workload.usage) return std::nullopt;
  const WorkloadReport* then = before == nullptr ? nullptr : find(before->report, workload.name);
  const bool same_run = then != nullptr && then->usage && then->container_id == workload.container_id &&
                        then->started_at == workload.started_at && then->usage->cpu_us <= workload.usage->cpu_us;
  if (!same_run || now.at_us <= before->at_us) return workload.usage->cpu_percent;
  return percents * static_cast<double>(workload.usage->cpu_us - then->usage->cpu_us) /
         static_cast<double>(now.at_us - before->at_us);
}

TopRow row_of(const TopLook* before, const TopLook& now, const WorkloadReport& workload, WallMs wall) {
  TopRow row;
  row.name = workload.name;
  row.state = workload.state;
  row.restarts = workload.restarts;
  row.usage = workload.usage;
  row.cpu_percent = cpu_between(before, now, workload);
  const auto started = parse_rfc3339(workload.started_at);
  if (workload.usage && started) row.uptime_s = std::max<std::int64_t>(wall - *started, 0) / ms_per_s;
  if (workload.usage && workload.usage->memory_limit_bytes != 0) {
    row.memory_percent = percents * static_cast<double>(workload.usage->memory_bytes) /
                         static_cast<double>(workload.usage->memory_limit_bytes);
  }
  return row;
}

// What goes first has the larger one; no figure is less than any.
double weight(const TopRow& row, TopSort sort) {
  if (sort == TopSort::cpu) return row.cpu_percent.value_or(-1);
  return sort == TopSort::memory && row.usage ? static_cast<double>(row.usage->memory_bytes) : -1;
}

std::string percent_text(const std::optional<double>& value) { return value ? fmt::format("{:.1f}", *value) : "-"; }

std::vector<std::string> cells_of(const TopRow& row) {
  const std::string none = "-";
  std::vector<std::string> cells = {printable(row.name), std::string(to_string(row.state)),
                                    percent_text(row.cpu_percent)};
  if (row.usage) {
    const protocol::WorkloadUsage& usage = *row.usage;
    const bool network = usage.network_receive_bytes && usage.network_transmit_bytes;
    cells.push_back(fmt::format("{} / {}", human_bytes(usage.memory_bytes),
                                usage.memory_limit_bytes == 0 ? none : human_bytes(usage.memory_limit_bytes)));
    cells.push_back(percent_text(row.memory_percent));
    cells.push_back(network ? fmt::format("{} / {}", human_bytes(*usage.network_receive_bytes),
                                          human_bytes(*usage.network_transmit_bytes))
                            : none);
    cells.push_back(fmt::format("{} / {}", human_bytes(usage.block_read_bytes), human_bytes(usage.block_write_bytes)));
    cells.push_back(std::to_string(usage.pids));
  } else {
    cells.insert(cells.end(), {none, none, none, none, none});
  }
  cells.push_back(std::to_string(row.restarts));
  cells.push_back(row.uptime_s ? human_duration(*row.uptime_s) : none);
  return cells;
}

}  // namespace

std::vector<TopRow> top_rows(const TopLook* before, const TopLook& now, WallMs wall,
                             const std::vector<std::string>& names, TopSort sort) {
  std::vector<TopRow> rows;
  for (const WorkloadReport& workload : now.report.workloads) {
    const bool wanted = names.empty() || std::find(names.begin(), names.end(), workload.name) != names.end();
    if (wanted) rows.push_back(row_of(before, now, workload, wall));
  }
  std::sort(rows.begin(), rows.end(), [sort](const TopRow& a, const TopRow& b) {
    const double left = weight(a, sort), right = weight(b, sort);
    return left != right ? left > right : a.name < b.name;
  });
  return rows;
}

std::string unknown_workload(const protocol::Report& report, const std::vector<std::string>& names) {
  const auto unknown =
      std::find_if(names.begin(), names.end(), [&](const std::string& name) { return find(report, name) == nullptr; });
  return unknown == names.end() ? "" : *unknown;
}

std::string top_table(const std::vector<TopRow>& rows, const Terminal& terminal, std::optional<Screen> screen) {
  if (rows.empty()) return "No workload is declared.\n";
  Rows cells = {
      {"NAME", "STATE", "CPU%", "MEM / LIMIT", "MEM%", "NET RX / TX", "BLOCK R / W", "PIDS", "RESTARTS", "UPTIME"}};
  for (const TopRow& row : rows) cells.push_back(cells_of(row));
  const std::string plain = table(cells);
  // On a screen one line stays for what has no room.
  std::size_t shown = rows.size();
  if (screen && shown + 1 > screen->lines) shown = screen->lines > 2 ? screen->lines - 2 : 0;
  std::string text;
  std::size_t begin = 0;
  for (std::size_t line_number = 0; line_number <= shown; ++line_number) {
    const std::size_t end = plain.find('\n', begin);
    std::string line = plain.substr(begin, end - begin);
    begin = end + 1;
    if (screen) line = cut(line, screen->columns);
    if (line_number == 0) {
      text += terminal.paint(line, Colour::dim) + "\n";
      continue;
    }
    const std::string& name = cells[line_number][0];
    const std::string& state = cells[line_number][1];
    const std::size_t at = line.find(state, std::min(name.size(), line.size()));
    if (at != line.npos) line.replace(at, state.size(), terminal.paint(state, colour_of(rows[line_number - 1].state)));
    text += line + "\n";
  }
  if (shown < rows.size()) text += fmt::format("and {} more\n", rows.size() - shown);
  return text;
}

std::string top_heading(const protocol::Report& report, const Terminal& terminal, std::size_t columns) {
  const std::string verdict(to_string(report.state));
  const std::string rest = fmt::format(
      "  {}  load {:.2f} on {} CPUs, {} of {} memory free  (q: leave)", printable(report.node_id), report.host.load1,
      report.host.cpus, human_bytes(report.host.memory_available_bytes), human_bytes(report.host.memory_bytes));
  const std::size_t room = columns - std::min(columns, verdict.size());
  return terminal.paint(cut(verdict, columns), colour_of(report.state)) + std::string(cut(rest, room)) + "\n";
}

}  // namespace aura::cli

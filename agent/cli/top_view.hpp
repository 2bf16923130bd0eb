// What the workloads use, as a table.
#pragma once

#include "agent/cli/options.hpp"
#include "agent/cli/terminal.hpp"
#include "common/protocol/report.hpp"
#include "common/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aura::cli {

// One look at the node.
struct TopLook {
  protocol::Report report;
  std::int64_t at_us = 0;  // on any steady clock
};

struct TopRow {
  std::string name;
  protocol::WorkloadWord state = protocol::WorkloadWord::unknown;
  std::uint32_t restarts = 0;
  std::optional<std::int64_t> uptime_s;  // of a run that goes on
  std::optional<protocol::WorkloadUsage> usage;
  std::optional<double> cpu_percent;     // 100: one CPU wholly
  std::optional<double> memory_percent;  // of its limit; without one nullopt
};

// Of the workloads named, or all where none is. CPU is counted between the two looks; where a workload was not in the
// one before, or ran anew since, it is as the agent says. Sorted: the busiest or largest first, those without a figure
// last, equals by name.
std::vector<TopRow> top_rows(const TopLook* before, const TopLook& now, WallMs wall,
                             const std::vector<std::string>& names, TopSort sort);

// The first of `names` that the node has no workload of; "": it has them all.
std::string unknown_workload(const protocol::Report& report, const std::vector<std::string>& names);

// The table, its heading first. Within `screen`: each line at most that wide, at most so many lines, the last of which
// tells how many workloads have no room.
struct Screen {
  std::size_t columns = 0, lines = 0;
};
std::string top_table(const std::vector<TopRow>& rows, const Terminal& terminal, std::optional<Screen> screen = {});

// The line above the table on a screen: the node, its host and how to leave.
std::string top_heading(const protocol::Report& report, const Terminal& terminal, std::size_t columns);

}  // namespace aura::cli

#include "agent/cli/progress.hpp"

#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

namespace aura::cli {

using protocol::Target;
using protocol::WorkloadReport;

bool Progress::targeted(const WorkloadReport& workload) const {
  switch (target_.kind) {
    case Target::Kind::node: return true;
    case Target::Kind::workload: return workload.name == target_.name;
    case Target::Kind::image: return workload.image == target_.name;
    case Target::Kind::command: return false;
  }
  return false;
}

std::vector<std::string> Progress::changes(const protocol::Report& report) {
  std::vector<std::string> lines;
  for (const WorkloadReport& workload : report.workloads) {
    if (!targeted(workload)) continue;
    const auto [before, fresh] = last_.try_emplace(workload.name, workload.state);
    if (!fresh && before->second == workload.state) continue;
    std::string line = printable(workload.name) + ": ";
    if (!fresh) line += fmt::format("{} -> ", protocol::to_string(before->second));
    line += protocol::to_string(workload.state);
    if (!workload.reason.empty()) line += fmt::format(" ({})", printable(workload.reason));
    before->second = workload.state;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string Progress::summary(const protocol::Report& report) const {
  std::string text;
  for (const WorkloadReport& workload : report.workloads) {
    if (!targeted(workload)) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(workload.name), protocol::to_string(workload.state));
  }
  return text;
}

}  // namespace aura::cli

#include "agent/cli/prove_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aura::cli {
namespace {

using protocol::NodeWord;
using protocol::Report;
using protocol::WorkloadReport;
using protocol::WorkloadWord;

Comparison not_yet(std::string why) { return {Comparison::Kind::not_yet, std::move(why)}; }

const WorkloadReport* find(const Report& report, const std::string& name) {
  const auto found = std::find_if(report.workloads.begin(), report.workloads.end(),
                                  [&](const WorkloadReport& each) { return each.name == name; });
  return found == report.workloads.end() ? nullptr : &*found;
}

bool ran(WorkloadWord word) { return word == WorkloadWord::running || word == WorkloadWord::unhealthy; }

}  // namespace

bool is_by_itself(const std::string& cause) {
  constexpr std::array causes = {"crashed", "exited", "human", "docker_restart", "host_reboot", "shutdown", "command"};
  return std::find(causes.begin(), causes.end(), cause) != causes.end();
}

Comparison compare(const Report& before, const Report& now, const std::string& version, bool heartbeat,
                   const std::function<bool(const std::string&)>& ended_by_itself) {
  if (now.agent_version != version) return not_yet(fmt::format("the agent that answers is {}", now.agent_version));
  if (now.ledger_id != before.ledger_id) return {Comparison::Kind::no, "it does not use the ledger that was there"};
  if (now.state == NodeWord::booting || !now.docker_known) return not_yet("it does not know yet what runs");
  const bool same_boot = now.boot_id == before.boot_id;
  for (const WorkloadReport& was : before.workloads) {
    if (!ran(was.state)) continue;
    const WorkloadReport* is = find(now, was.name);
    if (is == nullptr) return {Comparison::Kind::no, fmt::format("it does not know the workload {}", was.name)};
    const bool same_run = is->container_id == was.container_id && (!same_boot || is->started_at == was.started_at);
    if (same_run) {
      // After another boot everything starts anew, and may take long; that it does is enough.
      const bool on_its_way = !same_boot && is->state == WorkloadWord::starting;
      if (!ran(is->state) && !on_its_way)
        return not_yet(fmt::format("{} is {}", was.name, protocol::to_string(is->state)));
      continue;
    }
    if (is->container_id == was.container_id && ended_by_itself(was.name)) continue;
    return {Comparison::Kind::no,
            fmt::format("{} does not run in the container, or since the time, it ran before", was.name)};
  }
  if (heartbeat && before.control_heard && !now.control_heard)
    return not_yet(fmt::format("the control plane has not heard of it ({})", now.control));
  return {Comparison::Kind::proven, ""};
}

}  // namespace aura::cli

#include "agent/loops/usage.hpp"

#include <algorithm>
#include <set>

namespace aura::loops {
namespace {

// A count beyond what every JSON reader keeps exact is none that a kernel gives in earnest.
std::uint64_t bounded(std::uint64_t count) {
  constexpr std::uint64_t most = (std::uint64_t{1} << 53) - 1;
  return std::min(count, most);
}

protocol::WorkloadUsage told(const ports::ContainerUsage& usage) {
  protocol::WorkloadUsage out;
  out.memory_bytes = bounded(usage.working_set_bytes);
  out.memory_limit_bytes = bounded(usage.memory_limit_bytes);
  out.cpu_us = bounded(usage.cpu_us);
  out.pids = bounded(usage.pids);
  out.block_read_bytes = bounded(usage.block_read_bytes);
  out.block_write_bytes = bounded(usage.block_write_bytes);
  out.oom_kills = bounded(usage.oom_kills);
  if (usage.network) {
    out.network_receive_bytes = bounded(usage.network->receive_bytes);
    out.network_transmit_bytes = bounded(usage.network->transmit_bytes);
  }
  return out;
}

// Its processes exist, also those of a paused one.
bool has_processes(const reconcile::Container& container) {
  return container.phase == reconcile::Phase::running || container.phase == reconcile::Phase::paused;
}

}  // namespace

void UsageBoard::add(protocol::Report& report, const reconcile::Plan& plan) {
  std::set<std::string> seen;
  for (protocol::WorkloadReport& workload : report.workloads) {
    const auto finding = plan.findings.find(workload.name);
    if (finding == plan.findings.end() || !finding->second.container) continue;
    const reconcile::Container& container = *finding->second.container;
    if (!has_processes(container)) continue;
    const auto usage = parts_.host.usage(container.id, container.pid);
    if (!usage) continue;
    workload.usage = told(*usage);
    workload.usage->cpu_percent = percent(container, usage->cpu_us);
    seen.insert(container.id);
  }
  std::erase_if(looks_, [&](const auto& entry) { return !seen.contains(entry.first); });
}

std::optional<double> UsageBoard::percent(const reconcile::Container& container, std::uint64_t cpu_us) {
  const BootMs now = parts_.clock.now().boot_ms;
  const auto [place, fresh] = looks_.try_emplace(container.id);
  Look& look = place->second;
  // A counter that fell is another run's.
  if (fresh || look.started_at != container.started_at || cpu_us < look.cpu_us) {
    look = {container.started_at, now, cpu_us, std::nullopt};
    return std::nullopt;
  }
  const std::int64_t apart_ms = now - look.at;
  if (apart_ms < cpu_look_apart_ms) return look.percent;
  constexpr double us_per_ms = 1000, percents = 100;
  const double busy_ms = static_cast<double>(cpu_us - look.cpu_us) / us_per_ms;
  look = {container.started_at, now, cpu_us, percents * busy_ms / static_cast<double>(apart_ms)};
  return look.percent;
}

}  // namespace aura::loops

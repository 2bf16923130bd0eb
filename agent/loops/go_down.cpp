#include "agent/loops/go_down.hpp"

#include "common/log.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::loops {
namespace asio = boost::asio;

namespace {

constexpr std::int64_t extend_every_ms = 5'000;
constexpr std::int64_t extend_by_us = 20'000'000;  // a loop that hangs for so long is ended

std::int64_t longest_drain_ms(const reconcile::State& state) {
  std::int64_t graces_ms = 0;
  for (const auto& [name, workload] : state.workloads) {
    const bool runs = std::any_of(workload.containers.begin(), workload.containers.end(),
                                  [](const auto& container) { return container.runs; });
    if (runs) graces_ms += std::int64_t{workload.declared.spec.stop.grace_s} * 1000;
  }
  return graces_ms + drain_reserve_ms;
}

}  // namespace

asio::awaitable<void> go_down(Parts parts, Supervisor& supervisor, Broadcast& changes, Heartbeat* heartbeat) {
  const BootMs deadline = parts.clock.now().boot_ms + longest_drain_ms(parts.ledger.state());
  log::notice("the host goes down: what runs is being stopped within its grace");
  static_cast<void>(record(parts, reconcile::record::HostStopping{}));
  supervisor.wake();
  while (!supervisor.plan().drained && parts.clock.now().boot_ms < deadline) {
    parts.host.notify(
        fmt::format("STATUS=the host goes down: workloads are being stopped\nEXTEND_TIMEOUT_USEC={}", extend_by_us));
    co_await changes.wait(parts.clock, std::min(deadline, parts.clock.now().boot_ms + extend_every_ms));
  }
  if (!supervisor.plan().drained) log::warning("not everything could be stopped in time; Docker stops the rest");
  if (heartbeat == nullptr) co_return;
  parts.host.notify(
      fmt::format("STATUS=the host goes down: the last report is being sent\nEXTEND_TIMEOUT_USEC={}", extend_by_us));
  const bool told = co_await heartbeat->say_last(parts.clock.now().boot_ms + last_report_ms);
  if (told)
    log::notice("the control plane has the last report");
  else
    log::warning("the control plane did not take the last report in time");
}

}  // namespace aura::loops

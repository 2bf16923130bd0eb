#include "agent/loops/oom_watch.hpp"

#include "agent/loops/wakeup.hpp"

namespace aura::loops {

boost::asio::awaitable<void> OomWatch::run() {
  for (;;) {
    co_await sleep_for(parts_.clock, oom_watch_every_ms);
    look();
  }
}

void OomWatch::look() {
  // When it was is not known: at the earliest it was after the look before.
  constexpr std::int64_t ns_per_ms = 1'000'000;
  const std::int64_t earliest_ns = (parts_.clock.now().wall_ms - oom_watch_every_ms) * ns_per_ms;
  for (const auto& [name, workload] : parts_.ledger.state().workloads) {
    for (const auto& owned : workload.containers) {
      if (!owned.runs) continue;
      const auto killed = parts_.host.oom_kills(owned.id, observer_.pid_of(owned.id));
      if (killed.value_or(0) > 0) observer_.oom_counted(owned.id, earliest_ns);
    }
  }
}

}  // namespace aura::loops

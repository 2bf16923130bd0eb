#include "agent/run_upkeep.hpp"

#include "agent/loops/wakeup.hpp"
#include "common/async/spawn.hpp"

#include <algorithm>
#include <cstdlib>

#include <malloc.h>

namespace aura {
namespace asio = boost::asio;

namespace {

constexpr std::int64_t trim_every_ms = 60'000;  // a walk over some MiB of heap takes well below a millisecond

asio::awaitable<void> feed_watchdog(ports::Clock& clock, ports::Host& host, std::int64_t every_ms) {
  for (;;) {
    host.notify("WATCHDOG=1");
    co_await loops::sleep_for(clock, every_ms);
  }
}

asio::awaitable<void> give_memory_back(ports::Clock& clock) {
  for (;;) {
    co_await loops::sleep_for(clock, trim_every_ms);
    ::malloc_trim(0);
  }
}

}  // namespace

void start_upkeep(asio::any_io_executor executor, ports::Clock& clock, ports::Host& host) {
  const char* limit_us = std::getenv("WATCHDOG_USEC");
  const long long us = limit_us != nullptr ? std::atoll(limit_us) : 0;
  if (us > 0) spawn(executor, "watchdog", feed_watchdog(clock, host, std::max(us / 2000, 1LL)));
  spawn(executor, "memory", give_memory_back(clock));
}

}  // namespace aura

#include "agent/loops/timed.hpp"

#include "agent/loops/parts.hpp"
#include "agent/loops/wakeup.hpp"
#include "common/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace {

struct Race {
  asio::cancellation_signal cancel;
  Wakeup ended;
  bool done = false;
  bool expired = false;
};

}  // namespace

asio::awaitable<bool> within(ports::Clock& clock, std::int64_t limit_ms, std::string_view name,
                             asio::awaitable<void> task) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>();
  auto on_end = [race, name = std::string(name)](std::exception_ptr escaped) {
    // An abort asked for by us may come out as an exception; anything else is a bug.
    if (escaped && !race->expired) {
      log::error("an exception escaped a coroutine", {{"AURA_COROUTINE", name}});
      std::abort();
    }
    race->done = true;
    race->ended.notify();
  };
  asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(race->cancel.slot(), std::move(on_end)));
  const BootMs deadline = clock.now().boot_ms + limit_ms;
  while (!race->done && !race->expired) {
    const bool notified = co_await race->ended.wait(clock, deadline);
    if (notified || race->done) continue;
    race->expired = true;
    race->cancel.emit(asio::cancellation_type::terminal);
  }
  while (!race->done) co_await race->ended.wait(clock, std::nullopt);
  co_return !race->expired;
}

Result<void> record(const Parts& parts, reconcile::RecordBody body) {
  auto done = parts.ledger.record(reconcile::make_record(parts.clock.now(), std::move(body)));
  if (!done) log::warning("a record could not be kept: " + done.error().message);
  return done;
}

}  // namespace aura::loops

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

struct Breakable::Race {
  asio::cancellation_signal cancel;
  Wakeup ended;
  bool done = false;
  bool expired = false;

  void expire() {
    if (done || std::exchange(expired, true)) return;
    cancel.emit(asio::cancellation_type::terminal);
  }
};

asio::awaitable<bool> Breakable::end(std::shared_ptr<Race> race, ports::Clock& clock, std::optional<BootMs> deadline,
                                     std::string_view name, asio::awaitable<void> task) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
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
  while (!race->done && !race->expired) {
    const bool notified = co_await race->ended.wait(clock, deadline);
    if (!notified) race->expire();
  }
  while (!race->done) co_await race->ended.wait(clock, std::nullopt);
  co_return !race->expired;
}

Breakable::Breakable() : race_(std::make_unique<Race>()) { race_->done = true; }
Breakable::~Breakable() = default;

asio::awaitable<bool> Breakable::run(ports::Clock& clock, std::string_view name, asio::awaitable<void> task) {
  race_->done = race_->expired = false;
  // Not owned by the coroutine: the wait without a deadline is owned by the race, and both would live for ever.
  std::shared_ptr<Race> unowned(std::shared_ptr<Race>(), race_.get());
  auto ending = end(std::move(unowned), clock, std::nullopt, name, std::move(task));
  co_return co_await std::move(ending);
}

void Breakable::break_off() { race_->expire(); }

asio::awaitable<bool> within(ports::Clock& clock, std::int64_t limit_ms, std::string_view name,
                             asio::awaitable<void> task) {
  auto race = std::make_shared<Breakable::Race>();
  const BootMs deadline = clock.now().boot_ms + limit_ms;
  auto ending = Breakable::end(std::move(race), clock, deadline, name, std::move(task));
  co_return co_await std::move(ending);
}

Result<void> record(const Parts& parts, reconcile::RecordBody body) {
  auto done = parts.ledger.record(reconcile::make_record(parts.clock.now(), std::move(body)));
  if (!done) log::warning("a record could not be kept: " + done.error().message);
  return done;
}

}  // namespace aura::loops

#include "agent/loops/engine_events.hpp"

#include "common/async/spawn.hpp"
#include "common/log.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;

EngineEvents::EngineEvents(Parts parts, Observer& observer, Actor& actor, Supervisor& supervisor,
                           const std::string& socket)
    : parts_(std::move(parts)),
      observer_(observer),
      actor_(actor),
      supervisor_(supervisor),
      watch_(parts_.executor, socket, [this] { socket_back_.notify(); }) {}

asio::awaitable<void> EngineEvents::run() {
  for (;;) {
    broken_off_ = false;
    co_await follow();
    if (!broken_off_) co_await pause();
  }
}

void EngineEvents::reconnect(bool clock_moved) {
  if (clock_moved) last_ns_ = 0;
  broken_off_ = true;
  stream_.break_off();
}

// One connection, from the first answer to the break.
asio::awaitable<void> EngineEvents::follow() {
  // Only a connection can start a Docker that was stopped on purpose; one that is open is none of that.
  if (!observer_.engine_known() && !parts_.host.may_connect_to_engine()) co_return;
  const auto answered = co_await parts_.engine.ping();
  if (!answered) co_return;
  version_ = answered->version + " (API " + answered->api_version + ")";
  bool was_up = false;
  std::optional<Error> error;
  auto stream = listen(was_up, error);
  const bool by_itself = co_await stream_.run(parts_.clock, "event stream", std::move(stream));
  if (error) log::info("Docker's event stream ended: " + error->message);
  if (!was_up) co_return;
  if (error && error->code == Errc::bad_reply) {
    // A replay would bring it again, as often as we connect.
    last_ns_ = 0;
    backoff_ms_ = reconnect_max_ms;
  }
  if (by_itself) {
    observer_.events_lost();
    actor_.engine_lost();
  } else {
    observer_.events_broken_off();
  }
  supervisor_.wake();
}

asio::awaitable<void> EngineEvents::listen(bool& was_up, std::optional<Error>& error) {
  std::function<void()> connected = [this, &was_up] {
    was_up = true;
    backoff_ms_ = reconnect_first_ms;
    observer_.events_connected();
    supervisor_.wake();
    spawn(parts_.executor, "engine configuration", learn_config());
  };
  std::function<void(const ports::EngineEvent&)> on_event = [this](const ports::EngineEvent& event) { heard(event); };
  const std::int64_t since = last_ns_ == 0 ? 0 : last_ns_ - overlap_ns;
  const auto ended = co_await parts_.engine.events(since, std::move(connected), std::move(on_event));
  if (!ended) error = ended.error();
}

// Until Docker says otherwise what it said last time holds: its restart is what changes it.
asio::awaitable<void> EngineEvents::learn_config() {
  const auto config = co_await parts_.engine.config();
  if (!config || config->live_restore == parts_.ledger.state().node.live_restore) co_return;
  static_cast<void>(record(parts_, reconcile::record::EngineFacts{config->live_restore}));
}

void EngineEvents::heard(const ports::EngineEvent& event) {
  last_ns_ = std::max(last_ns_, event.time_ns);
  observer_.engine_event(event);
  actor_.engine_event(event);
  supervisor_.wake();
}

asio::awaitable<void> EngineEvents::pause() {
  watch_.arm();
  const Now now = parts_.clock.now();
  const std::int64_t wait_ms = backoff_ms_ / 2 + static_cast<std::int64_t>(now.entropy % (backoff_ms_ / 2 + 1));
  backoff_ms_ = std::min(backoff_ms_ * 2, reconnect_max_ms);
  const bool socket_is_back = co_await socket_back_.wait(parts_.clock, now.boot_ms + wait_ms);
  if (socket_is_back) backoff_ms_ = reconnect_first_ms;
}

}  // namespace aura::loops

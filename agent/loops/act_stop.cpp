// Stopping, which may take minutes and may have been begun by an earlier life of the agent; freezing.
#include "agent/loops/act.hpp"

#include "common/log.hpp"

#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace action = reconcile::action;
namespace rec = reconcile::record;

namespace {

constexpr std::int64_t stuck_retry_ms = 30'000;
constexpr std::int64_t stop_again_after_ms = 1'000;

// A paused container holds its processes, too.
bool still_up(reconcile::Phase phase) {
  return phase == reconcile::Phase::running || phase == reconcile::Phase::paused ||
         phase == reconcile::Phase::restarting;
}

}  // namespace

void Actor::engine_event(const ports::EngineEvent& event) {
  if (event.action != "die" && event.action != "destroy") return;
  const auto waiting = awaiting_exit_.find(event.container_id);
  if (waiting != awaiting_exit_.end()) waiting->second->notify();
  break_off_hook(event.container_id);
}

// The signal was sent before a crash of ours: only the rest of the grace is waited out, then it is killed.
asio::awaitable<Result<void>> Actor::finish_stop(action::Stop wanted) {
  const std::string id = wanted.instance.container_id;
  Wakeup exited;
  awaiting_exit_[id] = &exited;
  const BootMs deadline = parts_.clock.now().boot_ms + wanted.grace_s * 1000LL;
  // The exit may have come before we listened: look once, then wait.
  const auto before = co_await parts_.engine.inspect(id);
  const bool runs = before.has_value() && still_up(before->phase) && before->instance() == wanted.instance;
  bool ended = before.has_value() && !runs;
  if (!ended) ended = co_await exited.wait(parts_.clock, deadline);
  awaiting_exit_.erase(id);
  if (ended) co_return Result<void>();
  const std::string signal = "SIGKILL";
  co_return co_await parts_.engine.kill(id, signal);
}

// The stop under way sees the end; what this call says is not needed.
Actor::Task Actor::hasten(action::Hasten wanted) {
  break_off_hook(wanted.instance.container_id);
  const auto stopped = co_await parts_.engine.stop(wanted.instance.container_id, wanted.grace_s);
  if (!stopped) log::info("a stop of " + wanted.workload + " could not be hastened: " + stopped.error().message);
}

// Known, not assumed: a Docker that hangs says nothing about the container, and where it was we that stood still the
// stop went through long ago.
asio::awaitable<bool> Actor::still_runs(reconcile::Instance instance) {
  const auto seen = co_await parts_.engine.inspect(instance.container_id);
  co_return seen.has_value() && still_up(seen->phase) && seen->instance() == instance;
}

Actor::Task Actor::stop(action::Stop wanted) {
  const std::string id = wanted.instance.container_id;
  bool sent_before = false;
  if (wanted.resume) {
    const auto seen = co_await parts_.engine.kill_seen(wanted.instance);
    if (!seen && wanted.grace_s > 0) {
      // Whether it was sent is not known: it is asked again for as long as its grace lasts, and sent then.
      leave_alone(id, stop_again_after_ms);
      co_return;
    }
    sent_before = seen.has_value() && seen->asked;
  }
  Result<void> stopped;
  if (sent_before) {
    stopped = co_await finish_stop(wanted);
  } else {
    // Not sent yet, whatever was recorded: the whole grace begins now. Without the record the run has ended meanwhile.
    const auto* known = workload(wanted.workload);
    const bool recorded = known && known->stop_sent && known->stop_sent->instance == wanted.instance;
    if (!recorded) co_return;
    stopped = co_await parts_.engine.stop(id, known->stop_sent->grace_s);
  }
  observer_.mark_dirty(id);
  if (stopped) co_return;
  const Error& error = stopped.error();
  bool observation_tells =
      error.code == Errc::not_found || error.code == Errc::conflict || error.code == Errc::unavailable;
  if (!observation_tells) observation_tells = !co_await still_runs(wanted.instance);
  if (observation_tells) {
    log::info("a stop of " + wanted.workload + " did not go through: " + error.message);
    leave_alone(id, stop_again_after_ms);
    co_return;
  }
  static_cast<void>(record(parts_, rec::StuckMet{wanted.workload, error.message, stuck_retry_ms}));
}

// One that ended meanwhile, or that somebody removed, is seen by the next observation.
Actor::Task Actor::freeze(action::Freeze wanted) {
  const std::string id = wanted.instance.container_id;
  const auto frozen = co_await parts_.engine.pause(id);
  observer_.mark_dirty(id);
  if (frozen || frozen.error().code == Errc::not_found || frozen.error().code == Errc::conflict) co_return;
  trouble(wanted.workload, "freeze_failed", frozen.error());
}

Actor::Task Actor::thaw(action::Thaw wanted) {
  const std::string id = wanted.instance.container_id;
  const auto thawed = co_await parts_.engine.unpause(id);
  observer_.mark_dirty(id);
  if (thawed || thawed.error().code == Errc::not_found || thawed.error().code == Errc::conflict) co_return;
  trouble(wanted.workload, "thaw_failed", thawed.error());
}

}  // namespace aura::loops

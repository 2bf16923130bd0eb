#include "agent/loops/heartbeat.hpp"

#include "agent/reconcile/accept.hpp"
#include "agent/reconcile/backoff.hpp"
#include "common/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
namespace rec = reconcile::record;

namespace {

constexpr std::string_view stale_epoch_code = "stale_epoch";
constexpr std::string_view new_ledger_code = "new_ledger";
constexpr std::string_view pending_words = "an operator has not approved this node yet (aura-control approve)";
constexpr int jitter_percent = 10;
constexpr std::int64_t boot_retry_ms = 500;
constexpr std::uint32_t boot_attempts = 6;  // after those the workloads wait no longer

// Full jitter around the wanted distance, in a band of jitter_percent on both sides.
std::int64_t jittered(std::int64_t ms, std::uint64_t entropy) {
  const std::int64_t band = ms * jitter_percent / 100;
  return ms - band + static_cast<std::int64_t>(entropy % static_cast<std::uint64_t>(2 * band + 1));
}

}  // namespace

Heartbeat::Heartbeat(Parts parts, ports::ControlPlane& control, Enrolment& enrolment, CommandDesk& desk,
                     Options options)
    : parts_(std::move(parts)),
      control_(control),
      enrolment_(enrolment),
      desk_(desk),
      options_(std::move(options)),
      interval_s_(options_.first_interval_s),
      away_since_(parts_.clock.now().boot_ms),
      made_at_(away_since_) {}

asio::awaitable<void> Heartbeat::run() {
  for (;;) {
    auto error = co_await beat_once();
    if (error) {
      co_await back_off(std::move(*error));
    } else {
      co_await wait_for_next();
    }
  }
}

// nullopt: the control plane has answered well.
asio::awaitable<std::optional<Error>> Heartbeat::beat_once() {
  const auto enrolled = co_await enrolment_.attempt();
  if (!enrolled) co_return enrolled.error();
  if (!*enrolled) {
    Error pending;
    pending.code = Errc::unauthorized;
    pending.message = pending_words;
    pending.retry_after_s = static_cast<int>(pending_retry_ms / 1000);
    co_return pending;
  }
  const protocol::Heartbeat beat = make_beat();
  const WallMs asked_at = parts_.clock.now().wall_ms;
  const auto reply = co_await control_.heartbeat(beat);
  if (!reply) {
    refused(reply.error());
    co_return reply.error();
  }
  if (options_.clock_told) options_.clock_told(reply->server_time, asked_at);
  answered(beat, *reply);
  take_reply(*reply);
  beaten_.notify();
  co_return std::nullopt;
}

// What only a new enrolment mends. A fenced node asks for it only with a code, which an operator has given it.
void Heartbeat::refused(const Error& error) {
  const bool stale = error.code == Errc::conflict && error.message.starts_with(stale_epoch_code);
  const bool other_ledger = error.code == Errc::conflict && error.message.starts_with(new_ledger_code);
  if (stale) enrolment_.renew(Enrolment::Renewal::by_code);
  if (other_ledger || error.code == Errc::unauthorized) enrolment_.renew(Enrolment::Renewal::by_code_or_approval);
}

protocol::Heartbeat Heartbeat::make_beat() {
  const auto& state = parts_.ledger.state();
  const Now now = parts_.clock.now();
  report_changed_ = false;
  last_ = false;
  protocol::Report report = options_.report();
  protocol::Heartbeat beat;
  if (options_.ledger_readable) beat.ledger_id = state.ledger_id;
  // A start that only memory knew is stored with the first snapshot after the trouble.
  options_.start_recorded = options_.start_recorded || parts_.ledger.trouble().empty();
  if (options_.start_recorded) beat.epoch = state.epoch;
  beat.boot_id = now.boot_id;
  beat.cloud_instance_id = parts_.host.cloud_instance_id();
  beat.seq = ++seq_;
  beat.agent_version = options_.agent_version;
  beat.state = report.state;
  beat.intent = state.node.intent;
  beat.suspended = state.node.suspension.has_value();
  beat.generation = state.node.generation;
  beat.node_generation = state.node.node_generation;
  beat.state_hash = hash_of(report);
  const bool due = now.boot_ms - told_.report_at >= report_every_ms;
  if (told_.want_report || due || beat.state_hash != told_.report_hash) {
    if (options_.add_usage) options_.add_usage(report);
    beat.report = std::move(report);
  }
  // What a crash would undo must not be told: it would be told again, differently.
  if (!parts_.ledger.behind()) {
    beat.events = events_to_send(state);
    beat.outcomes = outcomes_to_send(state);
  }
  beat.deferred = deferred_;
  return beat;
}

void Heartbeat::answered(const protocol::Heartbeat& beat, const protocol::HeartbeatReply& reply) {
  const BootMs now = parts_.clock.now().boot_ms;
  // The first answer of a start is as it should be; one after a failure is news.
  if (failures_ > 0 || !heard_at_) {
    log::write(failures_ > 0 ? log::Level::notice : log::Level::info, "the control plane answers",
               {{"AURA_EVENT", "control_back"}});
  }
  failures_ = 0;
  hurried_ = false;
  problem_.clear();
  heard_at_ = now;
  told_.state_hash = beat.state_hash;
  told_.want_report = false;
  if (beat.report) {
    told_.report_hash = beat.state_hash;
    told_.report_at = now;
  }
  if (!beat.events.empty()) {
    const std::uint64_t first = beat.events.front().seq;
    const bool taken = reply.confirmed_event_seq >= first;
    // The first time it may only ask for what came before: it is told again at once.
    events_stalled_ = !taken && stalled_at_ == first;
    stalled_at_ = taken ? 0 : first;
    told_.event_seq = taken || events_stalled_ ? beat.events.back().seq : first - 1;
  }
  std::erase_if(deferred_, [&](const protocol::Deferred& one) {
    return std::find(beat.deferred.begin(), beat.deferred.end(), one) != beat.deferred.end();
  });
  told_.outcomes.clear();
  for (const auto& outcome : beat.outcomes) told_.outcomes.insert(outcome.command_id);
}

void Heartbeat::take_reply(const protocol::HeartbeatReply& reply) {
  const auto& state = parts_.ledger.state();
  if (state.node.silent_since) static_cast<void>(record(parts_, rec::ControlHeard{}));
  interval_s_ = reply.next_heartbeat_s;
  told_.want_report = reply.want_report;
  if (state.node.fenced_by) static_cast<void>(record(parts_, rec::Unfenced{}));
  // Numbers of a ledger that cannot be read mean nothing.
  if (options_.ledger_readable && confirms_anything(state, reply)) {
    const std::uint64_t seq = std::max(reply.confirmed_event_seq, state.confirmed_event_seq);
    static_cast<void>(record(parts_, rec::Confirmed{seq, reply.confirmed_outcomes}));
  }
  if (reply.wanted) {
    const auto wanted = reconcile::accept_wanted(state, *reply.wanted, parts_.clock.now());
    const auto taken = wanted ? parts_.ledger.record(*wanted) : Result<void>();
    if (!taken) log::error("the node's wanted intent cannot be recorded: " + taken.error().message);
  }
  defer(desk_.deliver_all(reply.commands, reply.unreadable));
  end_boot_wait();
  // A clone or a fenced node takes no command: it must not fetch those of the real one and refuse them.
  const bool may_take = !state.node.cloned && !state.node.fenced_by;
  const bool was = std::exchange(long_poll_, reply.long_poll && may_take);
  if (long_poll_ && !was && on_long_poll_) on_long_poll_();
}

void Heartbeat::defer(std::vector<protocol::Deferred> deferred) {
  if (deferred.empty()) return;
  for (auto& one : deferred) {
    std::erase_if(deferred_, [&](const protocol::Deferred& before) { return before.command_id == one.command_id; });
    deferred_.push_back(std::move(one));
  }
  wakeup_.notify();
}

asio::awaitable<bool> Heartbeat::say_last(BootMs deadline) {
  last_ = true;
  wakeup_.notify();
  retry_.notify();
  while (parts_.clock.now().boot_ms < deadline) {
    co_await beaten_.wait(parts_.clock, deadline);
    const auto& state = parts_.ledger.state();
    const bool all_told = !last_ && state.confirmed_event_seq >= state.last_event_seq;
    if (all_told && heard_well()) co_return true;
  }
  co_return false;
}

bool Heartbeat::news() {
  if (last_ || !deferred_.empty()) return true;
  const auto& state = parts_.ledger.state();
  const bool withheld = parts_.ledger.behind();
  Told told = told_;
  if (events_stalled_ || withheld) told.event_seq = state.last_event_seq;
  if (withheld) told.outcomes.insert(state.settled_order.begin(), state.settled_order.end());
  if (has_news(state, told)) return true;
  return std::exchange(report_changed_, false) && hash_of(options_.report()) != told.state_hash;
}

asio::awaitable<void> Heartbeat::wait_for_next() {
  const Now now = parts_.clock.now();
  const BootMs due = now.boot_ms + jittered(interval_s_ * 1000LL, now.entropy);
  while (parts_.clock.now().boot_ms < due) {
    if (news()) {
      co_await sleep_for(parts_.clock, coalesce_ms);
      co_return;
    }
    co_await wakeup_.wait(parts_.clock, due);
  }
}

// The control plane has said what it has to say, or cannot be asked: the workloads wait for it no longer.
void Heartbeat::end_boot_wait() {
  if (parts_.ledger.state().node.boot_wait_until) static_cast<void>(record(parts_, rec::BootWaitOver{}));
}

asio::awaitable<void> Heartbeat::back_off(Error error) {
  const Now now = parts_.clock.now();
  // The network of a host that has just booted may be a moment away.
  const auto& boot_wait_until = parts_.ledger.state().node.boot_wait_until;
  const bool unreached = error.http_status == 0 && (error.code == Errc::unavailable || error.code == Errc::timeout);
  const bool too_early = boot_wait_until && *boot_wait_until > now.boot_ms && unreached && failures_ < boot_attempts;
  if (failures_++ == 0) {
    away_since_ = heard_at_.value_or(now.boot_ms);
    log::warning("the control plane does not answer well: " + error.message, {{"AURA_EVENT", "control_away"}});
  }
  long_poll_ = false;
  problem_ = error.message;
  if (error.code == Errc::conflict && error.message.starts_with(stale_epoch_code) &&
      !parts_.ledger.state().node.fenced_by) {
    const std::string number = error.message.substr(stale_epoch_code.size());
    static_cast<void>(record(parts_, rec::Fenced{std::strtoull(number.c_str(), nullptr, 10)}));
  }
  const bool stranger =
      error.code == Errc::unauthorized || error.code == Errc::forbidden || error.code == Errc::conflict;
  std::int64_t wait_ms = reconcile::jittered_delay_ms(failures_ - 1, retry_max_ms, now.entropy);
  // Once: a control plane that takes the code and not the key it gives must not be asked every second.
  if (stranger && enrolment_.renews_by_code() && !std::exchange(hurried_, true)) {
    wait_ms = jittered(retry_first_ms, now.entropy);
  } else if (stranger) {
    wait_ms = unknown_to_control_first_ms +
              static_cast<std::int64_t>(now.entropy % (retry_max_ms - unknown_to_control_first_ms));
  }
  if (error.retry_after_s > 0) wait_ms = jittered(error.retry_after_s * 1000LL, now.entropy);
  wait_ms = std::max(wait_ms, coalesce_ms);
  if (too_early)
    wait_ms = jittered(boot_retry_ms, now.entropy);  // all nodes of a host that lost power boot together
  else
    end_boot_wait();
  if (error.http_status != 0) {
    co_await sleep_for(parts_.clock, wait_ms);
    co_return;
  }
  const bool sooner = co_await retry_.wait(parts_.clock, now.boot_ms + wait_ms);
  if (sooner) co_await sleep_for(parts_.clock, std::min(wait_ms, retry_soon_ms));
}

std::string Heartbeat::words() const {
  const BootMs now = parts_.clock.now().boot_ms;
  if (problem_ == pending_words) return "pending: " + problem_;
  if (!problem_.empty()) {
    return fmt::format("away for {}: {}", human_duration((now - away_since_) / 1000), problem_);
  }
  if (!heard_at_) return "not heard yet";
  return fmt::format("ok, heard {} ago", human_duration((now - *heard_at_) / 1000));
}

}  // namespace aura::loops

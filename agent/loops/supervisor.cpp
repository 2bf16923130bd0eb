#include "agent/loops/supervisor.hpp"

#include "agent/loops/log_tail.hpp"
#include "common/async/spawn.hpp"
#include "common/log.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;

Supervisor::Supervisor(Parts parts, Observer& observer, Actor& actor, Secrets& secrets, Hooks hooks)
    : parts_(std::move(parts)), observer_(observer), actor_(actor), secrets_(secrets), hooks_(std::move(hooks)) {}

void Supervisor::ledger_changed() {
  if (!recording_) wakeup_.notify();
}

asio::awaitable<void> Supervisor::run() {
  for (;;) {
    co_await pass();
    reconciled_ = true;
    if (hooks_.passed) hooks_.passed(found_news_);
    co_await wakeup_.wait(parts_.clock, next_look());
  }
}

BootMs Supervisor::next_look() const {
  std::int64_t poll_ms = observer_.events_up() ? poll_with_events_ms : poll_without_events_ms;
  if (!observer_.engine_known()) poll_ms = poll_engine_away_ms;
  if (observer_.asks_again()) poll_ms = std::min(poll_ms, poll_engine_away_ms);
  if (record_failed_) poll_ms = std::min(poll_ms, record_retry_ms);
  if (is_upgrading()) poll_ms = std::min(poll_ms, poll_upgrade_ms);
  if (!parts_.ledger.trouble().empty()) poll_ms = std::min(poll_ms, catch_up_every_ms);
  BootMs next = parts_.clock.now().boot_ms + poll_ms;
  if (plan_.wake_at) next = std::min(next, *plan_.wake_at);
  if (const auto retry = actor_.retry_at()) next = std::min(next, *retry);
  return next;
}

// A container made while we looked may be missing in what we saw, and would count as gone: look again.
asio::awaitable<reconcile::Observed> Supervisor::observe() {
  for (;;) {
    const std::uint64_t creates = actor_.creates();
    auto observed = co_await observer_.observe(parts_.ledger.state());
    if (creates == actor_.creates()) co_return observed;
  }
}

bool Supervisor::is_upgrading() const {
  const auto& open = parts_.ledger.state().open;
  return std::any_of(open.begin(), open.end(),
                     [](const auto& entry) { return entry.second.command.verb == protocol::Verb::upgrade; });
}

asio::awaitable<void> Supervisor::pass() {
  parts_.ledger.catch_up();
  // What was under way when we began to look may have ended since, but what we saw is from before.
  std::set<std::string> busy_before = actor_.in_flight().workloads;
  reconcile::Observed observed = co_await observe();
  if (hooks_.health) observed.health = hooks_.health();
  if (hooks_.silent_from) observed.silent_from = hooks_.silent_from();
  if (hooks_.memory) observed.memory = hooks_.memory();
  if (is_upgrading()) observed.upgrade = parts_.host.upgrade_result();
  const std::string unknown_before =
      std::exchange(unknown_reason_, observed.containers ? std::string() : observed.unknown_reason);
  tell_engine(unknown_before);
  reconcile::InFlight busy = actor_.in_flight();
  busy.workloads.merge(busy_before);
  const Now now = parts_.clock.now();
  std::vector<reconcile::record::Exited> exits;
  reconcile::Plan plan = reconcile::reconcile(parts_.ledger.state(), observed, busy, now);
  record_failed_ = false;
  for (int round = 1; !plan.facts.empty() && round < max_rounds && !record_failed_; ++round) {
    record_failed_ = !record_facts(plan, exits);
    plan = reconcile::reconcile(parts_.ledger.state(), observed, busy, now);
  }
  if (!plan.facts.empty() && !record_failed_) {
    log::error("a pass did not come to rest");
    record_failed_ = true;
  }
  for (auto& action : std::exchange(plan.actions, {})) {
    if (!record_failed_) actor_.begin(std::move(action));
  }
  plan.facts.clear();
  found_news_ =
      !(plan.findings == plan_.findings) || plan.conflicts != plan_.conflicts || unknown_before != unknown_reason_;
  plan_ = std::move(plan);
  if (hooks_.probe) hooks_.probe(plan_.probed);
  fetch_tails(exits);
}

// That Docker went away and came back; in between its reasons may change, which is no news.
void Supervisor::tell_engine(const std::string& unknown_before) {
  if (unknown_before.empty() == unknown_reason_.empty()) return;
  if (unknown_reason_.empty())
    log::notice("Docker answers again", {{"AURA_EVENT", "docker_back"}});
  else
    log::warning("Docker cannot be asked: " + unknown_reason_, {{"AURA_EVENT", "docker_away"}});
}

bool Supervisor::record_facts(const reconcile::Plan& plan, std::vector<reconcile::record::Exited>& exits) {
  for (const auto& fact : plan.facts) {
    recording_ = true;
    const auto kept = parts_.ledger.record(fact);
    recording_ = false;
    if (!kept) {
      // The same trouble on every pass is told once.
      if (std::exchange(record_trouble_, kept.error().message) != kept.error().message) {
        log::error("cannot record what was observed: " + kept.error().message);
      }
      return false;
    }
    if (const auto* exited = std::get_if<reconcile::record::Exited>(&fact.body)) exits.push_back(*exited);
  }
  record_trouble_.clear();
  return true;
}

// After the restart was sent: it does not wait for a log.
void Supervisor::fetch_tails(const std::vector<reconcile::record::Exited>& exits) {
  for (const auto& exited : exits) {
    spawn(parts_.executor, "log tail", note_log_tail(parts_, secrets_, exited.workload, exited.exit.instance));
  }
}

}  // namespace aura::loops

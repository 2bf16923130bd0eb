#include "agent/loops/observer.hpp"

#include "agent/reconcile/plan.hpp"
#include "common/time.hpp"

#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
using reconcile::Container;
using reconcile::Phase;

namespace {

constexpr int listings = 2;  // a container that vanishes between list and inspect is worth one more look

Container from_list(const ports::ListedContainer& listed) {
  Container container;
  container.id = listed.id;
  container.name = listed.name;
  container.image = listed.image;
  container.labels = listed.labels;
  container.phase = listed.phase;
  container.writable_mounts = listed.writable_mounts;
  return container;
}

// `prefix`: what the names of this node's containers begin with.
std::set<std::string> ids_of_interest(const reconcile::State& state, const std::string& prefix,
                                      const std::vector<ports::ListedContainer>& listed) {
  std::set<std::string> owned;
  for (const auto& [name, workload] : state.workloads) {
    for (const auto& container : workload.containers) owned.insert(container.id);
  }
  std::set<std::string> ids;
  for (const auto& one : listed) {
    const bool labelled = !state.node_id.empty() && one.labels.node == state.node_id;
    if (labelled || owned.contains(one.id) || one.name.starts_with(prefix)) ids.insert(one.id);
  }
  return ids;
}

// A process that is killed for want of memory takes so long to end and to be noticed at most.
constexpr std::int64_t oom_ends_within_ms = 10'000;
constexpr std::int64_t ns_per_ms = 1'000'000;

bool exit_is_news(const reconcile::State& state, const Container& container) {
  for (const auto& [name, workload] : state.workloads) {
    for (const auto& owned : workload.containers) {
      if (owned.id == container.id) return owned.runs && owned.seen == container.started_at;
    }
  }
  return false;
}

}  // namespace

reconcile::Observed Observer::unknown(std::string reason) {
  engine_known_ = false;
  gap_ = true;
  remembered_.clear();
  reconcile::Observed observed;
  observed.unknown_reason = std::move(reason);
  return observed;
}

asio::awaitable<reconcile::Observed> Observer::observe(const reconcile::State& state) {
  // Connecting could start a Docker that somebody stopped on purpose (socket activation); before it goes it ends its
  // containers.
  const bool may_be_stopping = std::exchange(ended_since_, false);
  if ((!engine_known_ || may_be_stopping) && !host_.may_connect_to_engine()) {
    co_return unknown("docker.service is inactive, start it with: systemctl start docker");
  }
  if (!events_up_) remembered_.clear();
  for (int listing = 1;; ++listing) {
    auto listed = co_await engine_.list();
    // It may be we who stood still past the deadline: Docker is away only if it does not answer a second time.
    if (!listed && listed.error().code == Errc::timeout) listed = co_await engine_.list();
    if (!listed) co_return unknown(listed.error().message);
    if (names_of_ != state.node_id) {
      names_of_ = state.node_id;
      prefix_ = reconcile::name_prefix(state.node_id) + "-";
    }
    const auto ids = ids_of_interest(state, prefix_, *listed);
    std::erase_if(remembered_, [&](const auto& entry) { return !ids.contains(entry.first); });
    reconcile::Observed observed;
    auto& containers = observed.containers.emplace();
    containers.reserve(listed->size());
    bool vanished = false;
    asks_again_ = false;
    for (const auto& one : *listed) {
      if (!ids.contains(one.id)) {
        containers.push_back(from_list(one));
        continue;
      }
      Look seen = co_await look(one, state);
      vanished = vanished || seen.vanished;
      if (!seen.vanished) containers.push_back(std::move(seen.container));
    }
    if (vanished && listing < listings) continue;
    engine_known_ = true;
    observed.after_gap = std::exchange(gap_, false);
    observed.first_look = !std::exchange(looked_, true);
    co_return observed;
  }
}

asio::awaitable<Observer::Look> Observer::look(const ports::ListedContainer& listed, const reconcile::State& state) {
  Look seen;
  const auto known = remembered_.find(listed.id);
  const bool fresh = known != remembered_.end() && known->second.phase == listed.phase && !dirty_.contains(listed.id);
  if (fresh) {
    seen.container = known->second;
  } else {
    // Cleared before asking: an event that comes while Docker answers makes it dirty again.
    dirty_.erase(listed.id);
    auto inspected = co_await engine_.inspect(listed.id);
    if (!inspected) {
      remembered_.erase(listed.id);
      seen.vanished = inspected.error().code == Errc::not_found;
      seen.container = from_list(listed);
      seen.container.phase = Phase::unknown;
      co_return seen;
    }
    seen.container = std::move(*inspected);
    if (events_up_) remembered_[listed.id] = seen.container;
  }
  Container& container = seen.container;
  // From here on the stream tells of every kill of this run.
  if (events_up_ && container.phase == Phase::running) asked_for_kill_.insert(container.id);
  const bool ended = container.phase == Phase::exited || container.phase == Phase::dead;
  if (!ended) co_return seen;
  const bool told = co_await ask_for_kill(container, state);
  // Whose doing the end was is asked twice before it is taken for the workload's own.
  if (!told && kill_untold_.insert(container.id).second) {
    asks_again_ = true;
    container.phase = Phase::unknown;
    co_return seen;
  }
  kill_untold_.erase(container.id);
  const auto known_done = done_.find(container.id);
  if (known_done != done_.end()) tell(known_done->second, container);
  co_return seen;
}

void Observer::tell(const Done& done, Container& container) {
  const ports::KillSeen& kill = done.kill;
  container.killed = kill.asked;
  container.stop_called = kill.stopped;
  container.kill_signal = kill.signal;
  container.sigkill_sent = kill.sigkill;
  container.killed_at = kill.asked ? done.killed_at : 0;
  container.ended_at = done.died_at;
  if (kill.oom_ns == 0) return;
  container.oom_killed = true;
  const auto finished_ms = parse_rfc3339(container.finished_at);
  container.oom_at_end = !finished_ms || *finished_ms - kill.oom_ns / ns_per_ms <= oom_ends_within_ms;
}

// After a gap: what Docker remembers.
asio::awaitable<bool> Observer::ask_for_kill(const Container& container, const reconcile::State& state) {
  const std::string id = container.id;
  const auto known = done_.find(id);
  if (known != done_.end() && known->second.kill.asked) co_return true;
  if (asked_for_kill_.contains(id) || !exit_is_news(state, container)) co_return true;
  const reconcile::Instance instance = container.instance();
  const auto seen = co_await engine_.kill_seen(instance);
  if (!seen) co_return false;
  asked_for_kill_.insert(id);
  if (!seen->asked && seen->oom_ns == 0) co_return true;
  ports::KillSeen& told = done_[id].kill;
  const std::int64_t counted_ns = told.oom_ns;
  told = *seen;
  if (told.oom_ns == 0) told.oom_ns = counted_ns;
  co_return true;
}

void Observer::oom_counted(const std::string& container_id, std::int64_t earliest_ns) {
  std::int64_t& known_ns = done_[container_id].kill.oom_ns;
  if (known_ns == 0) known_ns = earliest_ns;
}

int Observer::pid_of(const std::string& container_id) const {
  const auto known = remembered_.find(container_id);
  return known == remembered_.end() ? 0 : known->second.pid;
}

void Observer::engine_event(const ports::EngineEvent& event) {
  const std::string& id = event.container_id;
  dirty_.insert(id);
  if (event.action == "start") {
    done_.erase(id);
    kill_untold_.erase(id);
    // From its start on the stream tells of every kill.
    asked_for_kill_.insert(id);
  }
  if (event.action == "destroy") {
    done_.erase(id);
    for (auto* set : {&dirty_, &asked_for_kill_, &kill_untold_}) set->erase(id);
  }
  const bool kill = event.action == "kill" || event.action == "stop";
  ended_since_ = ended_since_ || kill || event.action == "die";
  if (kill || event.action == "oom") {
    Done& done = done_[id];
    if (kill && !done.kill.asked) done.killed_at = clock_.now().boot_ms;
    done.kill.take(event);
  }
  const auto known = done_.find(id);
  if (event.action == "die" && known != done_.end()) known->second.died_at = clock_.now().boot_ms;
}

void Observer::events_connected() {
  events_up_ = true;
  remembered_.clear();
  dirty_.clear();
}

void Observer::events_lost() {
  engine_known_ = false;
  events_broken_off();
  gap_ = true;
  done_.clear();
}

void Observer::events_broken_off() {
  events_up_ = false;
  remembered_.clear();
  dirty_.clear();
  asked_for_kill_.clear();
}

}  // namespace aura::loops

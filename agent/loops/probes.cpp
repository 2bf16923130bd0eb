#include "agent/loops/probes.hpp"

#include "agent/loops/log_tail.hpp"
#include "agent/loops/probe_target.hpp"
#include "agent/reconcile/events.hpp"
#include "common/async/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::loops {
namespace asio = boost::asio;
using ports::ProbeAnswer;

namespace {

// While a question is under way the timer fires so often, to notice a lag of our own.
constexpr std::int64_t watch_ms = 500;
constexpr std::size_t max_words_bytes = 256;  // of what a probe answered; cut after secrets were masked
// A workload that turns to and fro is told of so often.
constexpr std::int64_t between_events_ms = 60'000;

std::int64_t every_ms(const reconcile::Probe& probe) { return std::int64_t{probe.every_s} * 1000; }

bool still_there(const reconcile::State& state, const std::string& name, const reconcile::Instance& instance) {
  const auto workload = state.workloads.find(name);
  if (workload == state.workloads.end()) return false;
  return std::any_of(workload->second.containers.begin(), workload->second.containers.end(), [&](const auto& owned) {
    return owned.id == instance.container_id && owned.seen == instance.started_at && owned.runs;
  });
}

bool same_probes(const reconcile::WorkloadSpec& a, const reconcile::WorkloadSpec& b) {
  return a.liveness == b.liveness && a.startup == b.startup && a.readiness == b.readiness && a.ports == b.ports;
}

}  // namespace

std::string Probes::title(const Question& question) {
  switch (question.kind) {
    case Kind::startup: return "startup";
    case Kind::liveness: return "liveness";
    case Kind::readiness: return "readiness";
  }
  return {};
}

std::int64_t Probes::drawn(std::int64_t within_ms) const {
  return static_cast<std::int64_t>(parts_.clock.now().entropy % static_cast<std::uint64_t>(within_ms));
}

std::map<std::string, reconcile::Health> Probes::health() const {
  std::map<std::string, reconcile::Health> found;
  for (const auto& [name, run] : runs_) found[name] = run->health;
  return found;
}

void Probes::begin(const std::string& name, const reconcile::Probed& probed, const reconcile::WorkloadSpec& spec) {
  auto run = std::make_shared<Run>();
  run->name = name;
  run->told_healthy = probed.assumed;
  run->probed = probed;
  run->spec = spec;
  run->health.instance = probed.instance;
  run->health.started = run->health.ready = probed.assumed;
  const BootMs now = parts_.clock.now().boot_ms;
  const auto add = [&](Kind kind, const std::optional<reconcile::Probe>& probe) {
    if (!probe || (kind == Kind::startup && probed.assumed)) return;
    Question question;
    question.kind = kind;
    question.probe = *probe;
    question.passed_once = probed.assumed;
    question.due = now + (probed.assumed ? drawn(every_ms(*probe)) : drawn(first_question_ms));
    run->questions.push_back(std::move(question));
  };
  add(Kind::startup, spec.startup);
  add(Kind::liveness, spec.liveness);
  add(Kind::readiness, spec.readiness);
  runs_[name] = std::move(run);
}

// Nothing that failed before counts afterwards.
void Probes::stand(Run& run) {
  run.stands = true;
  run.health.live = true;
  for (Question& question : run.questions) question.failures = 0;
  judge(run);
}

void Probes::go_on(Run& run, const reconcile::Probed& probed) {
  const BootMs now = parts_.clock.now().boot_ms;
  for (Question& question : run.questions) {
    const bool docker_news = question.probe.docker && run.probed.docker_health != probed.docker_health;
    if (run.stands) question.due = now + drawn(question.passed_once ? every_ms(question.probe) : first_question_ms);
    if (docker_news) question.due = now;
  }
  run.stands = false;
  run.probed = probed;
}

void Probes::follow(const std::map<std::string, reconcile::Probed>& probed) {
  const reconcile::State& state = parts_.ledger.state();
  std::erase_if(runs_, [&](const auto& entry) {
    Run& run = *entry.second;
    if (!probed.contains(entry.first)) stand(run);
    run.gone = !still_there(state, entry.first, run.probed.instance);
    return run.gone;
  });
  for (const auto& [name, one] : probed) {
    const auto workload = state.workloads.find(name);
    if (workload == state.workloads.end()) continue;
    const reconcile::WorkloadSpec& spec = workload->second.declared.spec;
    const auto known = runs_.find(name);
    const bool same = known != runs_.end() && known->second->probed.instance == one.instance &&
                      same_probes(known->second->spec, spec);
    if (same) {
      go_on(*known->second, one);
    } else {
      if (known != runs_.end()) known->second->gone = true;
      begin(name, one, spec);
    }
  }
  wakeup_.notify();
}

asio::awaitable<void> Probes::run() {
  for (;;) {
    const BootMs now = parts_.clock.now().boot_ms;
    ask_due(now);
    expected_ = next_due(now);
    co_await wakeup_.wait(parts_.clock, expected_);
    note_lag(parts_.clock.now().boot_ms);
  }
}

void Probes::note_lag(BootMs now) {
  if (expected_ && now > *expected_ + lag_that_voids_ms) lagged_at_ = now;
}

BootMs Probes::grace_end(const Run& run, const Question& question) {
  return run.probed.since + std::int64_t{question.probe.start_grace_s} * 1000;
}

// Startup comes first; nobody waits for it longer than the grace.
bool Probes::waits(const Run& run, const Question& question, BootMs now) const {
  if (question.kind == Kind::startup) return run.health.started;
  if (!run.spec.startup || run.health.started) return false;
  return now < grace_end(run, question);
}

std::optional<BootMs> Probes::next_due(BootMs now) const {
  std::optional<BootMs> next;
  const auto consider = [&](BootMs at) { next = next ? std::min(*next, at) : at; };
  for (const auto& [name, run] : runs_) {
    for (const Question& question : run->questions) {
      if (question.under_way) {
        consider(now + watch_ms);
      } else if (run->stands || (question.kind == Kind::startup && run->health.started)) {
        continue;
      } else if (waits(*run, question, now)) {
        consider(std::max(question.due, grace_end(*run, question)));
      } else {
        consider(question.due);
      }
    }
  }
  return next;
}

void Probes::ask_due(BootMs now) {
  for (const auto& [name, run] : runs_) {
    for (std::size_t index = 0; index < run->questions.size(); ++index) {
      Question& question = run->questions[index];
      if (question.under_way || run->stands || question.due > now || waits(*run, question, now)) continue;
      question.under_way = true;
      spawn(parts_.executor, "probe", ask(run, index));
    }
  }
}

asio::awaitable<ProbeAnswer> Probes::answer_of(RunPtr run, std::size_t index) {
  const Question& question = run->questions[index];
  if (!question.probe.docker) {
    ports::ProbeQuestion asked = question_of(question.probe, run->spec, run->probed);
    co_return co_await prober_.ask(std::move(asked));
  }
  ProbeAnswer answer;
  const std::string& word = run->probed.docker_health;
  if (word == "healthy") answer.kind = ProbeAnswer::Kind::passed;
  if (word == "unhealthy" || word == "none") answer.kind = ProbeAnswer::Kind::failed;
  answer.words = word == "none" ? "the image has no HEALTHCHECK" : "Docker's HEALTHCHECK says " + word;
  co_return answer;
}

asio::awaitable<void> Probes::ask(RunPtr run, std::size_t index) {
  const BootMs began = parts_.clock.now().boot_ms;
  const ProbeAnswer answer = co_await answer_of(run, index);
  Question& question = run->questions[index];
  question.under_way = false;
  const BootMs now = parts_.clock.now().boot_ms;
  note_lag(now);
  const bool our_fault = answer.kind == ProbeAnswer::Kind::failed && lagged_at_ >= began;
  if (run->gone || run->stands) co_return;
  const bool passed_before = question.passed_once;
  if (answer.kind != ProbeAnswer::Kind::unknown && !our_fault) take(*run, question, answer);
  plan_next(*run, question, began, question.passed_once && !passed_before);
  wakeup_.notify();
}

void Probes::plan_next(const Run& run, Question& question, BootMs began, bool first_pass) {
  const BootMs now = parts_.clock.now().boot_ms;
  // Failures that act are as far apart as the file says; only a start is asked after sooner.
  const bool may_act = question.kind == Kind::liveness && run.health.started;
  const bool starts = !question.passed_once && !may_act && now < grace_end(run, question);
  const std::int64_t every = every_ms(question.probe);
  if (first_pass) {
    // The hurry is over: from here on in a phase of its own.
    question.due = now + 1 + drawn(every);
  } else if (!starts || question.probe.docker) {
    question.due = std::max(began + every, now);
  } else {
    question.due = std::max(began + std::min(question.pause_ms, every), now);
    question.pause_ms = std::min(question.pause_ms * 2, every);
  }
}

void Probes::take(Run& run, Question& question, const ProbeAnswer& answer) {
  reconcile::Health& health = run.health;
  const reconcile::Health before = health;
  if (answer.kind == ProbeAnswer::Kind::passed) {
    question.failures = 0;
    question.passed_once = true;
    // Without a startup probe liveness shows it, without that readiness.
    const bool shows_start = run.spec.startup    ? question.kind == Kind::startup
                             : run.spec.liveness ? question.kind == Kind::liveness
                                                 : true;
    health.started = health.started || shows_start;
    if (question.kind == Kind::readiness) health.ready = true;
    if (question.kind == Kind::liveness) health.live = true;
  } else {
    ++question.failures;
    const auto lines = harmless_tail(answer.words, secrets_);
    question.words = lines.empty() ? std::string() : lines.front();
    reconcile::shorten(question.words, max_words_bytes);
    // Docker has counted its own failures.
    const bool enough = question.failures >= question.probe.failures || question.probe.docker;
    const bool acts = health.started || parts_.clock.now().boot_ms >= grace_end(run, question);
    if (question.kind == Kind::liveness && enough && acts) health.live = false;
    if (question.kind == Kind::readiness && enough) health.ready = false;
  }
  judge(run);
  tell(run);
  const bool flags_differ =
      before.started != health.started || before.ready != health.ready || before.live != health.live;
  // Another number in the same trouble is shown by the next pass, whenever that is.
  if (flags_differ || before.trouble.empty() != health.trouble.empty()) changed_();
}

void Probes::judge(Run& run) {
  reconcile::Health& health = run.health;
  if (!run.spec.readiness) health.ready = health.started;
  health.trouble.clear();
  for (const Question& question : run.questions) {
    if (question.failures == 0 || !health.trouble.empty()) continue;
    health.trouble = fmt::format("the {} probe {} failed {} times in a row, last: {}", title(question),
                                 name_of(question.probe), question.failures, question.words);
  }
}

// What turned healthy or unhealthy, as an event; a restart tells of itself.
void Probes::tell(Run& run) {
  const BootMs now = parts_.clock.now().boot_ms;
  const bool healthy = run.health.started && run.health.ready;
  const bool too_soon = run.told_at && now < *run.told_at + between_events_ms;
  if (healthy == run.told_healthy || too_soon || !run.health.live) return;
  run.told_healthy = healthy;
  run.told_at = now;
  reconcile::record::Noted note;
  note.kind = healthy ? "workload_healthy" : "workload_unhealthy";
  note.severity = healthy ? protocol::Severity::info : protocol::Severity::warning;
  note.workload = run.name;
  note.text = healthy ? fmt::format("{} is healthy.", run.name)
                      : fmt::format("{} is unhealthy: {}", run.name, run.health.trouble);
  note.data["container_id"] = run.probed.instance.container_id;
  // A failure is logged by record(); status shows it all the same.
  static_cast<void>(record(parts_, std::move(note)));
}

}  // namespace aura::loops

#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::WorkloadWord;

bool has_probes(const WorkloadSpec& spec) { return spec.liveness || spec.startup || spec.readiness; }

// What the probes told of exactly this run.
const Health* health_of(const Pass& pass, const std::string& name, const Container& container) {
  const auto it = pass.observed.health.find(name);
  return it != pass.observed.health.end() && it->second.instance == container.instance() ? &it->second : nullptr;
}

// Not asked yet, but it ran for longer than its start grace: an agent that comes back does not doubt it.
bool is_assumed(const Pass& pass, const Workload& workload, const OwnedContainer& owned) {
  return pass.now.boot_ms > owned.since + start_grace_ms(workload.declared.spec);
}

std::string with_answer(std::string sentence, const Health* health) {
  if (health == nullptr || health->trouble.empty()) return sentence + ".";
  return fmt::format("{}: {}", sentence, health->trouble);
}

// Recorded for this run before: it is carried through, whatever the probes say meanwhile or after the agent's restart.
std::optional<StopOrder> decided_before(const Workload& workload, const Container& container) {
  if (!workload.stop_sent || !(workload.stop_sent->instance == container.instance())) return {};
  const StopSent& sent = *workload.stop_sent;
  const bool by_itself = sent.cause == Cause::probe || sent.cause == Cause::dependency || sent.cause == Cause::memory;
  if (!by_itself) return {};
  return StopOrder{.cause = sent.cause, .reason = sent.reason, .grace_s = sent.grace_s};
}

}  // namespace

std::int64_t start_grace_ms(const WorkloadSpec& spec) {
  int grace_s = 0;
  for (const auto* probe : {&spec.liveness, &spec.startup, &spec.readiness}) {
    if (*probe) grace_s = std::max(grace_s, (*probe)->start_grace_s);
  }
  return std::int64_t{grace_s} * 1000;
}

bool is_known_run(const OwnedContainer& owned, const Container& container) {
  return owned.runs && owned.seen == container.started_at;
}

HealthView judge_health(const Pass& pass, const std::string& name, const Workload& workload,
                        const OwnedContainer& owned, const Container& container) {
  HealthView view;
  view.health = container.health;
  const WorkloadSpec& spec = workload.declared.spec;
  if (!has_probes(spec)) return view;
  const Health* health = health_of(pass, name, container);
  const bool assumed = health == nullptr && is_assumed(pass, workload, owned);
  view.health = "healthy";
  if (assumed || (health != nullptr && health->live && health->started && health->ready)) return view;
  const BootMs until = owned.since + start_grace_ms(spec);
  const bool in_grace = until > pass.now.boot_ms;
  if (health != nullptr && !health->live) {
    view.word = WorkloadWord::unhealthy;
    view.reason = with_answer("Its liveness probe fails", health);
  } else {
    const bool began = health != nullptr && health->started;
    view.word = in_grace ? WorkloadWord::starting : WorkloadWord::unhealthy;
    view.reason = with_answer(began ? "It runs and is not ready" : "It runs and has not shown itself started", health);
    if (in_grace) view.changes_at = until;
  }
  view.health = view.word == WorkloadWord::starting ? "starting" : "unhealthy";
  return view;
}

bool is_healthy(const Pass& pass, const std::string& name, const Workload& workload) {
  const OwnedContainer* target = target_of(workload);
  const Container* container = target == nullptr ? nullptr : pass.find(target->id);
  if (container == nullptr || container->phase != Phase::running || !is_known_run(*target, *container)) return false;
  if (must_go(pass, name, workload) || decided_before(workload, *container)) return false;
  const HealthView view = judge_health(pass, name, workload, *target, *container);
  if (has_probes(workload.declared.spec)) return view.word == WorkloadWord::running;
  return view.health != "starting" && view.health != "unhealthy";
}

std::optional<StopOrder> health_order(Pass& pass, const std::string& name, const Workload& workload,
                                      const OwnedContainer& owned, const Container& container) {
  if (auto before = decided_before(workload, container)) return before;
  if (&owned != target_of(workload) || container.phase != Phase::running || !is_known_run(owned, container)) return {};
  StopOrder order{.grace_s = workload.declared.spec.stop.grace_s};
  const Health* health = health_of(pass, name, container);
  if (health != nullptr && !health->live && workload.declared.spec.liveness) {
    order.cause = Cause::probe;
    order.reason = health->trouble;
    return order;
  }
  if (auto memory = memory_order(pass, name, workload, container)) return memory;
  if (const std::string restarted = restarted_dependency(pass, workload, owned); !restarted.empty()) {
    order.cause = Cause::dependency;
    order.reason = restarted;
    return order;
  }
  return {};
}

void probe_step(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& owned,
                const Container& container) {
  if (!has_probes(workload.declared.spec) || !is_known_run(owned, container)) return;
  pass.plan.probed[name] = {.instance = container.instance(),
                            .since = owned.since,
                            .address = container.address,
                            .docker_health = container.health,
                            .assumed = is_assumed(pass, workload, owned)};
}

}  // namespace aura::reconcile

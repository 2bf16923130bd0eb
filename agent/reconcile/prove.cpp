// Whether a new spec has shown itself good, for an apply and for a changed file; a changed file that has not is taken
// back.
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

namespace aura::reconcile {

namespace {

using protocol::WorkloadWord;

// A workload without probes has shown itself good once it has run for so long.
constexpr std::int64_t settled_run_ms = 3'000;
// How long Docker's own HEALTHCHECK may say "starting" where no probe is declared.
constexpr std::int64_t healthcheck_grace_ms = 300'000;
Proof not_yet() { return {Proof::Kind::not_yet, {}}; }

Proof failed(const std::string& name, const std::string& why) {
  return {Proof::Kind::no, fmt::format("{}: {}", name, why)};
}

// One without probes: it runs, and goes on running.
Proof prove_run(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& target,
                const Container& container, BootMs first_run_at) {
  if (container.phase != Phase::running) {
    const bool ended = workload.last_exit && workload.last_exit->instance.container_id == target.id;
    return ended && !target.runs ? failed(name, workload.last_exit->why) : not_yet();
  }
  if (container.health == "unhealthy") return failed(name, "Docker's health check of the image fails.");
  const bool starting = container.health == "starting";
  const BootMs until = starting ? first_run_at + healthcheck_grace_ms : target.since + settled_run_ms;
  if (until > pass.now.boot_ms) {
    pass.wake(until);
    return not_yet();
  }
  return starting ? failed(name, "Docker's health check of the image does not pass.") : Proof{};
}

// Nothing but limits: the container goes on with others.
bool is_live(const ApplyItem& item, const Workload& workload, const Container& container) {
  return item.before && item.before->spec_hash == workload.declared.spec_hash && container.phase == Phase::running &&
         container.resources && !item.first_run_at;
}

Proof prove_limits(const std::string& name, const Workload& workload, const Container& container) {
  if (!limits_differ(workload.declared.spec.resources, *container.resources)) return {};
  if (workload.trouble && workload.trouble->code == "update_failed")
    return failed(name, fmt::format("its limits could not be changed: {}", workload.trouble->detail));
  return not_yet();
}

}  // namespace

Proof prove(Pass& pass, const std::string& name, const ApplyItem& item) {
  const auto it = pass.state.workloads.find(name);
  if (it == pass.state.workloads.end()) return {};
  const Workload& workload = it->second;
  if (workload.withdrawn_at) return is_up(pass, workload) ? not_yet() : Proof{};
  // Nothing is started, or not by us: there is nothing to be shown.
  if (!may_run(pass, workload) || is_held(pass.state, workload, pass.now)) return {};
  const Finding& finding = pass.plan.findings.at(name);
  const OwnedContainer* target = target_of(workload);
  const Container* container = target == nullptr ? nullptr : pass.find(target->id);
  if (container != nullptr && finding.word == WorkloadWord::stopped && finding.as_intended) return {};
  if (container != nullptr && is_live(item, workload, *container)) return prove_limits(name, workload, *container);
  if (const auto ending = hopeless(workload, finding)) return {Proof::Kind::no, ending->detail};
  if (container == nullptr || !item.first_run_at) return not_yet();
  const std::int64_t grace_ms = start_grace_ms(workload.declared.spec);
  if (grace_ms == 0) return prove_run(pass, name, workload, *target, *container, *item.first_run_at);
  if (is_healthy(pass, name, workload)) return {};
  const BootMs until = *item.first_run_at + grace_ms;
  if (until <= pass.now.boot_ms) {
    return failed(name, fmt::format("it did not show itself healthy within {} s: {}", grace_ms / 1000, finding.reason));
  }
  pass.wake(until);
  return not_yet();
}

void prove_replacements(Pass& pass) {
  if (!pass.observed.containers) return;
  for (const auto& [name, workload] : pass.state.workloads) {
    if (!workload.replacing) continue;
    // What does not run now shows nothing; its old container is kept meanwhile.
    if (!may_run(pass, workload) || is_held(pass.state, workload, pass.now)) continue;
    const ApplyItem item{.before = workload.replacing->before, .first_run_at = workload.replacing->first_run_at};
    Proof proof = prove(pass, name, item);
    if (proof.kind == Proof::Kind::yes) pass.fact(record::SpecProven{name});
    if (proof.kind == Proof::Kind::no) pass.fact(record::SpecRefused{name, std::move(proof.why)});
    if (proof.kind != Proof::Kind::not_yet) return;
  }
}

}  // namespace aura::reconcile

#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace aura::reconcile {

Pass::Pass(const State& s, const Observed& o, const InFlight& f, const Now& n)
    : state(s), observed(o), in_flight(f), now(n), drain(drain_of(s)) {
  if (!observed.containers) return;
  for (const Container& container : *observed.containers) by_id[container.id] = &container;
}

const Container* Pass::find(const std::string& id) const {
  const auto it = by_id.find(id);
  return it == by_id.end() ? nullptr : it->second;
}

bool is_up(Phase phase) { return phase == Phase::running || phase == Phase::paused || phase == Phase::restarting; }

bool is_up(const Pass& pass, const Workload& workload) {
  return std::any_of(workload.containers.begin(), workload.containers.end(), [&](const OwnedContainer& owned) {
    const Container* container = pass.find(owned.id);
    return container != nullptr && is_up(container->phase);
  });
}

const OwnedContainer* target_of(const Workload& workload) {
  const OwnedContainer* target = nullptr;
  for (const OwnedContainer& owned : workload.containers) {
    if (!owned.remove && owned.spec_hash == workload.declared.spec_hash) target = &owned;
  }
  return target;
}

const OwnedContainer* active_of(const Pass& pass, const Workload& workload) {
  if (const OwnedContainer* target = target_of(workload); target != nullptr && pass.find(target->id) != nullptr) {
    return target;
  }
  const OwnedContainer* active = nullptr;
  for (const OwnedContainer& owned : workload.containers) {
    if (owned.remove || pass.find(owned.id) == nullptr) continue;
    // One that runs before a newer one that never did: that one must not be started beside it.
    if (active == nullptr || !is_up(pass.find(active->id)->phase)) active = &owned;
  }
  return active;
}

bool must_go(const Pass& pass, const std::string& name, const Workload& workload) {
  for (const auto& [id, open] : pass.state.open) {
    const auto it = open.must_go.find(name);
    if (it == open.must_go.end() || !open.begun) continue;
    const Container* container = pass.find(it->second.container_id);
    const bool same_run = container != nullptr && is_up(container->phase) && container->instance() == it->second;
    if (same_run && !workload.withdrawn_at) return true;
  }
  return false;
}

bool waits(Pass& pass, const Trouble& trouble) {
  if (trouble.retry_at <= pass.now.boot_ms) return false;
  pass.wake(trouble.retry_at);
  return true;
}

bool is_held(const State& state, const Workload& workload, const Now& now) {
  const auto holds = [&](const std::optional<Hold>& hold) {
    return hold && (!hold->until || *hold->until > now.boot_ms);
  };
  return holds(state.node.hold) || holds(workload.hold);
}

bool should_run(const State& state, const Workload& workload) {
  return !workload.withdrawn_at && workload.intent == protocol::Intent::running &&
         state.node.intent == protocol::Intent::running && !state.node.suspension && !state.node.fresh_until &&
         !state.node.boot_wait_until && !state.node.cloned && !state.node.decommission;
}

std::vector<const Container*> nominees(const Pass& pass, const std::string& name) {
  std::vector<const Container*> result;
  if (!pass.observed.containers) return result;
  for (const Container& container : *pass.observed.containers) {
    if (container.labels.node != pass.state.node_id || container.labels.workload != name) continue;
    const auto owner = pass.state.workloads.find(name);
    const bool owned = owner != pass.state.workloads.end() &&
                       std::any_of(owner->second.containers.begin(), owner->second.containers.end(),
                                   [&](const OwnedContainer& each) { return each.id == container.id; });
    if (!owned) result.push_back(&container);
  }
  return result;
}

std::uint32_t number_of(const State& state, const std::string& workload, const std::string& container_name) {
  const std::string head = name_prefix(state.node_id) + "-" + workload + "-";
  if (!container_name.starts_with(head)) return 0;
  std::uint32_t n = 0;
  const char* end = container_name.data() + container_name.size();
  const auto [rest, error] = std::from_chars(container_name.data() + head.size(), end, n);
  return error == std::errc{} && rest == end ? n : 0;
}

namespace {

void find_conflicts(Pass& pass) {
  for (const auto& [name, workload] : pass.state.workloads) {
    for (const Container* container : nominees(pass, name)) {
      pass.plan.conflicts.push_back(
          fmt::format("{}: container {} carries our label but is not in the ledger; aura-node adopt {} takes it over.",
                      name, container->name, name));
    }
  }
}

void everything_unknown(Pass& pass) {
  for (const auto& [name, workload] : pass.state.workloads) {
    Finding& finding = pass.plan.findings[name];
    finding.word = protocol::WorkloadWord::unknown;
    finding.reason = pass.observed.unknown_reason;
  }
}

}  // namespace

Plan reconcile(const State& state, const Observed& observed, const InFlight& in_flight, const Now& now) {
  Pass pass(state, observed, in_flight, now);
  find_facts(pass);
  if (!pass.plan.facts.empty()) return std::move(pass.plan);

  if (!observed.containers) {
    everything_unknown(pass);
  } else {
    for (const auto& [name, workload] : state.workloads) next_step(pass, name, workload);
    find_conflicts(pass);
  }
  if (pass.plan.facts.empty()) settle_commands(pass);
  if (pass.plan.facts.empty()) prove_replacements(pass);
  if (pass.plan.facts.empty()) leave_step(pass);
  pass.plan.drained = state.node.going_down && observed.containers && nothing_left_to_stop(pass);
  if (pass.plan.facts.empty()) end_pulls(pass);
  if (!pass.plan.facts.empty()) pass.plan.actions.clear();
  return std::move(pass.plan);
}

}  // namespace aura::reconcile

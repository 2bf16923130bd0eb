// An apply from its images to its outcome (docs/protocol.md, P3.9).
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::OutcomeKind;

// How long going back may take beyond the grace of the stops.
constexpr std::int64_t undo_patience_ms = 120'000;

bool may_start(const State& state) { return !state.node.suspension && state.node.intent == protocol::Intent::running; }

// Asks for what is missing; true while something is.
bool pull_all(Pass& pass, const Apply& apply) {
  bool missing = false;
  std::set<std::string> asked;
  for (const auto& [name, declaration] : apply.wanted) {
    const std::string& image = declaration.spec.image;
    if (apply.images.contains(image) || !asked.insert(image).second) continue;
    missing = true;
    if (pass.in_flight.pulls.contains(image)) continue;
    action::Pull pull{.image = image, .registry_auth = declaration.spec.registry_auth, .unless_here = true};
    pass.act(std::move(pull));
  }
  return missing;
}

void declare_step(Pass& pass, const OpenCommand& open) {
  if (open.trouble) {
    settle(pass, open,
           {OutcomeKind::failed, open.trouble->code, fmt::format("Nothing was changed: {}", open.trouble->detail)});
    return;
  }
  // A suspended or stopped node stores and starts nothing.
  if (may_start(pass.state) && pull_all(pass, *open.apply)) return;
  pass.fact(record::ApplyDeclared{open.command.id});
}

std::string what_was_done(const State& state, const Apply& apply) {
  if (apply.items.empty()) return "Nothing differs from what is declared.";
  if (state.node.suspension) return "Stored; the node is suspended, nothing is started.";
  if (!may_start(state)) return "Stored; the node is stopped, nothing is started.";
  const auto gone = static_cast<std::size_t>(std::count_if(
      apply.items.begin(), apply.items.end(), [&](const auto& item) { return !apply.wanted.contains(item.first); }));
  const std::string removed = gone == 0 ? "" : fmt::format(" {} were stopped: they are not in the set any more.", gone);
  return fmt::format("{} workloads run as they are declared now.{}", apply.items.size() - gone, removed);
}

void prove_step(Pass& pass, const OpenCommand& open) {
  if (pass.state.node.fresh_until || pass.state.node.boot_wait_until) return;
  bool all = true;
  for (const auto& [name, item] : open.apply->items) {
    Proof proof = prove(pass, name, item);
    if (proof.kind == Proof::Kind::no) {
      pass.fact(record::ApplyUndone{open.command.id, std::move(proof.why)});
      return;
    }
    all = all && proof.kind == Proof::Kind::yes;
  }
  if (all) {
    settle(pass, open, {OutcomeKind::succeeded, "", what_was_done(pass.state, *open.apply)});
    return;
  }
  std::int64_t patience_ms = command_patience_ms;
  for (const auto& [name, declaration] : open.apply->wanted)
    patience_ms += start_grace_ms(declaration.spec) + std::int64_t{declaration.spec.stop.grace_s} * 1000;
  const BootMs until = open.accepted_at + patience_ms;
  if (until > pass.now.boot_ms)
    pass.wake(until);
  else
    pass.fact(record::ApplyUndone{open.command.id, "the world did not show it in time."});
}

// As it was: what ran runs, what was new is gone.
bool is_back(const Pass& pass, const std::string& name, const ApplyItem& item) {
  const auto it = pass.state.workloads.find(name);
  if (it == pass.state.workloads.end()) return true;
  const Workload& workload = it->second;
  if (!item.before || workload.withdrawn_at) return !is_up(pass, workload);
  if (!may_run(pass, workload) || is_held(pass.state, workload, pass.now)) return true;
  const Finding& finding = pass.plan.findings.at(name);
  const OwnedContainer* target = target_of(workload);
  const Container* container = target == nullptr ? nullptr : pass.find(target->id);
  if (container == nullptr) return false;
  return finding.as_intended || container->phase == Phase::running || hopeless(workload, finding).has_value();
}

void undo_step(Pass& pass, const OpenCommand& open) {
  const Apply& apply = *open.apply;
  std::string missing;
  std::int64_t grace_ms = undo_patience_ms;
  for (const auto& [name, item] : apply.items) {
    if (!is_back(pass, name, item)) missing = name;
    const auto applied = apply.wanted.find(name);
    if (applied != apply.wanted.end()) grace_ms += std::int64_t{applied->second.spec.stop.grace_s} * 1000;
  }
  const OutcomeKind kind = apply.cancelled ? OutcomeKind::cancelled : OutcomeKind::failed;
  if (missing.empty()) {
    settle(pass, open,
           {kind, apply.cancelled ? "cancelled" : "rolled_back",
            fmt::format("All are back on what ran before; {}", apply.undone)});
    return;
  }
  const BootMs until = apply.undone_at + grace_ms;
  if (until > pass.now.boot_ms) {
    pass.wake(until);
    return;
  }
  settle(pass, open,
         {OutcomeKind::failed, "rollback_incomplete",
          fmt::format("{} is not back yet and is tried on; {}", missing, apply.undone)});
}

}  // namespace

void apply_step(Pass& pass, const OpenCommand& open) {
  if (open.command.args.dry_run) {
    // Whoever takes one settles it at once, unless that life of the agent ended before.
    settle(pass, open, {OutcomeKind::failed, "interrupted", "The agent ended before it was done; ask again."});
    return;
  }
  if (!pass.observed.containers) return;
  if (!open.apply->undone.empty())
    undo_step(pass, open);
  else if (open.apply->declared)
    prove_step(pass, open);
  else
    declare_step(pass, open);
}

bool is_kept_for_undo(const Pass& pass, const std::string& name) {
  const auto it = pass.state.workloads.find(name);
  if (it != pass.state.workloads.end() && it->second.replacing) return true;
  return std::any_of(pass.state.open.begin(), pass.state.open.end(), [&](const auto& entry) {
    const std::optional<Apply>& apply = entry.second.apply;
    return apply && apply->declared && apply->undone.empty() && apply->items.contains(name);
  });
}

std::string waits_for_turn(const Pass& pass, const std::string& name) {
  for (const auto& [id, open] : pass.state.open) {
    if (!open.apply || !open.apply->declared || !open.apply->undone.empty()) continue;
    const auto wanted = open.apply->wanted.find(name);
    if (wanted == open.apply->wanted.end() || !open.apply->items.contains(name)) continue;
    for (const auto& [other, need] : wanted->second.spec.depends_on) {
      const auto it = pass.state.workloads.find(other);
      if (!open.apply->items.contains(other) || it == pass.state.workloads.end()) continue;
      if (!may_run(pass, it->second) || is_held(pass.state, it->second, pass.now)) continue;
      const OwnedContainer* target = target_of(it->second);
      const bool replaced = target != nullptr && (target->runs || it->second.never_again);
      if (!replaced || (need == DependencyNeed::healthy && !is_healthy(pass, other, it->second))) return other;
    }
  }
  return {};
}

}  // namespace aura::reconcile

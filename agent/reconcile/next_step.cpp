#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Intent;
using protocol::Target;
using protocol::Verb;
using protocol::WorkloadWord;

// What the agent waits for after its own stop and Docker's kill before it asks again.
constexpr std::int64_t after_grace_ms = 10'000;

bool covers(const protocol::Command& command, const std::string& name) {
  return command.target.kind == Target::Kind::node ||
         (command.target.kind == Target::Kind::workload && command.target.name == name);
}

// The command that a stop is owed to: the newest open one that stops this workload.
const OpenCommand* stopping_command(const State& state, const std::string& name) {
  for (auto id = state.order.rbegin(); id != state.order.rend(); ++id) {
    const OpenCommand& open = state.open.at(*id);
    const Verb verb = open.command.verb;
    const bool stops = verb == Verb::stop || verb == Verb::suspend || verb == Verb::restart;
    if (stops && covers(open.command, name)) return &open;
  }
  return nullptr;
}

// Why a container that is up must not stay up; nullopt: it may.
std::optional<StopOrder> stop_order(Pass& pass, const std::string& name, const Workload& workload,
                                    const OwnedContainer& owned, const Container& container) {
  const State& state = pass.state;
  StopOrder order;
  order.grace_s = workload.declared.spec.stop.grace_s;
  if (should_freeze(pass, workload)) return {};
  if (!should_run(state, workload)) {
    // A new node that waits for its first decision and a clone start nothing; what runs there already is left alone.
    const bool undecided = (state.node.fresh_until || state.node.boot_wait_until || state.node.cloned) &&
                           !state.node.suspension && !state.node.decommission && workload.intent == Intent::running &&
                           state.node.intent == Intent::running;
    if (undecided && !workload.withdrawn_at) return {};
    order.cause = state.node.decommission                ? Cause::decommissioned
                  : state.node.suspension                ? Cause::suspended
                  : workload.withdrawn_at                ? Cause::withdrawn
                  : state.node.intent == Intent::stopped ? Cause::node_stopped
                                                         : Cause::command;
  } else if (const auto rest = rest_of(pass, workload)) {
    order.cause = rest->cause;
    order.reason = rest->why;
    if (pass.drain) {
      order.command_id = pass.drain->command_id;
      order.actor = pass.drain->actor;
      order.reason = pass.drain->reason;
    }
    return order;
  } else if (must_go(pass, name, workload)) {
    order.cause = Cause::command;
  } else if (const OwnedContainer* target = target_of(workload); target != nullptr && target != &owned &&
                                                                 pass.find(target->id) != nullptr &&
                                                                 waits_for_turn(pass, name).empty()) {
    order.cause = Cause::replaced;
  } else {
    return health_order(pass, name, workload, owned, container);
  }
  if (order.cause == Cause::replaced) return order;
  if (order.cause == Cause::decommissioned) {
    order.command_id = state.node.decommission->command_id;
    order.actor = state.node.decommission->actor;
    order.reason = state.node.decommission->reason;
    return order;
  }
  if (order.cause == Cause::suspended) {
    order.actor = state.node.suspension->actor;
    order.reason = state.node.suspension->reason;
  }
  if (const OpenCommand* open = stopping_command(state, name)) {
    order.command_id = open->command.id;
    order.actor = open->command.actor;
    order.reason = open->command.reason;
    if (open->command.args.grace_s) order.grace_s = *open->command.args.grace_s;
    order.force = open->command.force;
  }
  return order;
}

// A workload that others depend on stops after those of them that stop as well.
std::string dependant_still_up(const Pass& pass, const std::string& name) {
  for (const auto& [other, workload] : pass.state.workloads) {
    if (!workload.declared.spec.depends_on.contains(name) || !is_up(pass, workload) || workload.stuck) continue;
    // What is held or frozen does not stop.
    if (is_held(pass.state, workload, pass.now) || should_freeze(pass, workload)) continue;
    if (!may_run(pass, workload) || must_go(pass, other, workload)) return other;
  }
  return {};
}

StopSent stop_sent(const Container& container, const StopOrder& order, BootMs at) {
  return {.instance = container.instance(),
          .cause = order.cause,
          .command_id = order.command_id,
          .actor = order.actor,
          .reason = order.reason,
          .at = at,
          .grace_s = order.grace_s};
}

// A newer command may give a stop that is under way less time than it has left.
void hasten_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
                 const StopOrder& order) {
  if (!workload.stop_sent || !(workload.stop_sent->instance == container.instance())) return;
  const StopSent& sent = *workload.stop_sent;
  const BootMs now = pass.now.boot_ms;
  const bool newer = !order.command_id.empty() && order.command_id != sent.command_id;
  const bool sooner = now + std::int64_t{order.grace_s} * 1000 < sent.at + std::int64_t{sent.grace_s} * 1000;
  const bool skips_hook = order.force && sent.hook != HookState::over;
  if (newer && (sooner || skips_hook)) {
    StopSent again = stop_sent(container, order, now);
    again.hastens = true;
    if (sent.hook != HookState::over) again.hook_answer = "not waited for: a newer order had less time";
    pass.fact(record::StopIntended{name, std::move(again)});
  } else if (sent.hastens && sent.at == now) {
    pass.act(action::Hasten{name, container.instance(), sent.grace_s});
  }
}

void stop_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               const StopOrder& order, Finding& finding) {
  finding.word = workload.stuck ? WorkloadWord::stuck : WorkloadWord::stopping;
  const bool by_itself = order.cause == Cause::probe || order.cause == Cause::backup ||
                         order.cause == Cause::disconnected || order.cause == Cause::memory;
  finding.reason = by_itself ? fmt::format("It is being stopped: {}.", order.reason) : "It is being stopped.";
  if (workload.stuck && workload.trouble) finding.reason = workload.trouble->detail;
  if (pass.in_flight.workloads.contains(name)) {
    hasten_step(pass, name, workload, container, order);
    return;
  }
  // A stop that was sent for another order is over or overtaken: this one has a grace of its own.
  const bool same_run = workload.stop_sent && workload.stop_sent->instance == container.instance();
  const bool sent = same_run && workload.stop_sent->cause == order.cause &&
                    (order.command_id.empty() || workload.stop_sent->command_id == order.command_id);
  if (sent && workload.stuck && workload.trouble && workload.trouble->retry_at > pass.now.boot_ms) {
    pass.wake(workload.trouble->retry_at);
    return;
  }
  if (!sent) {
    if (const std::string other = dependant_still_up(pass, name); !other.empty()) {
      finding.reason = fmt::format("It stops once {}, which depends on it, has stopped.", other);
      return;
    }
    StopSent stop = stop_sent(container, order, pass.now.boot_ms);
    stop.again = same_run;
    stop.hook = first_hook_state(pass, workload, container, order);
    keep_earlier_end(workload, stop);
    pass.fact(record::StopIntended{name, std::move(stop)});
    return;
  }
  if (workload.stop_sent->hook != HookState::over) {
    hook_step(pass, name, workload, container, finding);
    return;
  }
  // Recorded a moment ago: the first sending. Later: this or an earlier life of the agent may have sent it.
  const std::int64_t spent_ms = pass.now.boot_ms - workload.stop_sent->at;
  const std::int64_t left_ms = std::max<std::int64_t>(std::int64_t{workload.stop_sent->grace_s} * 1000 - spent_ms, 0);
  action::Stop stop{.workload = name, .instance = container.instance(), .grace_s = workload.stop_sent->grace_s};
  stop.resume = spent_ms > 0 || workload.stop_sent->again || workload.stop_sent->epoch != pass.state.epoch;
  if (stop.resume) stop.grace_s = static_cast<int>((left_ms + 999) / 1000);
  pass.act(std::move(stop));
  pass.wake(pass.now.boot_ms + left_ms + after_grace_ms);
}

std::string why_stopped(const State& state, const Workload& workload) {
  if (state.node.decommission) return fmt::format("The node was decommissioned by {}.", state.node.decommission->actor);
  if (state.node.cloned) return "This machine is a clone; nothing is started.";
  if (workload.withdrawn_at) return "Its declaration is gone; the container is kept for a while.";
  if (state.node.suspension) {
    return fmt::format("The node is suspended by {}: {}", state.node.suspension->actor, state.node.suspension->reason);
  }
  if (state.node.intent == Intent::stopped) return "The node is stopped.";
  if (workload.intent == Intent::stopped) return "It is stopped on request.";
  if (state.node.boot_wait_until) return "The host has booted; the control plane is asked first, for a moment.";
  return "A new node waits for the control plane's first decision.";
}

// Containers that are not needed any more: of older specs, once the new one runs; of withdrawn workloads, in time.
void remove_leftovers(Pass& pass, const std::string& name, const Workload& workload) {
  const bool over =
      workload.withdrawn_at && *workload.withdrawn_at + pass.state.limits.withdrawn_kept_ms <= pass.now.boot_ms;
  if (workload.withdrawn_at && !over) pass.wake(*workload.withdrawn_at + pass.state.limits.withdrawn_kept_ms);
  const OwnedContainer* active = active_of(pass, workload);
  for (const OwnedContainer& owned : workload.containers) {
    const Container* container = pass.find(owned.id);
    if (container == nullptr || is_up(container->phase) || container->phase == Phase::removing) continue;
    const bool superseded = active != nullptr && &owned != active && active == target_of(workload) && active->runs &&
                            !is_kept_for_undo(pass, name);
    if (!over && !superseded && !owned.remove && container->phase != Phase::dead) continue;
    if (!owned.remove)
      pass.fact(record::RemoveIntended{name, owned.id});
    else if (!pass.in_flight.workloads.contains(name))
      pass.act(action::Remove{name, owned.id});
    return;
  }
}

}  // namespace

void next_step(Pass& pass, const std::string& name, const Workload& workload) {
  Finding& finding = pass.plan.findings[name];
  if (const OwnedContainer* active = active_of(pass, workload)) finding.container = *pass.find(active->id);

  for (const OwnedContainer& owned : workload.containers) {
    const Container* container = pass.find(owned.id);
    if (container != nullptr && container->phase == Phase::unknown) {
      finding.reason = "Docker does not say how its container is.";
      return;
    }
  }
  if (is_held(pass.state, workload, pass.now)) {
    const auto& hold = workload.hold ? workload.hold : pass.state.node.hold;
    if (withdraw_stop(pass, name, workload)) return;
    finding.word = WorkloadWord::held;
    finding.reason = fmt::format("{} holds it; the agent keeps its hands off.", hold->actor);
    return;
  }
  for (const OwnedContainer& owned : workload.containers) {
    const Container* container = pass.find(owned.id);
    if (container == nullptr || !is_up(container->phase)) continue;
    if (const auto order = stop_order(pass, name, workload, owned, *container)) {
      stop_step(pass, name, workload, *container, *order, finding);
      return;
    }
    if (withdraw_stop(pass, name, workload)) return;
  }
  wake_for_rest(pass, name, workload);
  if (may_run(pass, workload)) {
    start_step(pass, name, workload, finding);
  } else if (should_freeze(pass, workload)) {
    const auto rest = should_run(pass.state, workload) ? rest_of(pass, workload) : std::nullopt;
    freeze_step(pass, name, workload, rest ? rest->why : why_stopped(pass.state, workload), finding);
  } else {
    const bool up = is_up(pass, workload);
    finding.word = up ? WorkloadWord::running : WorkloadWord::stopped;
    finding.as_intended = true;
    const auto rest = should_run(pass.state, workload) ? rest_of(pass, workload) : std::nullopt;
    finding.reason = rest ? rest->why : why_stopped(pass.state, workload);
  }
  const bool acts = !pass.plan.actions.empty() && workload_of(pass.plan.actions.back()) == name;
  if (pass.plan.facts.empty() && !acts) remove_leftovers(pass, name, workload);
}

}  // namespace aura::reconcile

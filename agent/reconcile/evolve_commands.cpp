#include "agent/reconcile/accept.hpp"
#include "agent/reconcile/backoff.hpp"
#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Command;
using protocol::Intent;
using protocol::Outcome;
using protocol::OutcomeKind;
using protocol::Severity;
using protocol::Target;
using protocol::Verb;

void keep_settled(State& state, const Command& command, const Outcome& outcome) {
  const bool fresh = !state.settled.contains(command.id);
  state.settled[command.id] = SettledCommand{command, outcome, !state.reports};
  if (fresh) state.settled_order.push_back(command.id);
  // The oldest give way: those that are confirmed, then those that only somebody on this node waited for. accept()
  // sees to it that the others are never so many.
  const auto oldest = [&](auto may_go) {
    return std::find_if(state.settled_order.begin(), state.settled_order.end(),
                        [&](const std::string& id) { return may_go(state.settled.at(id)); });
  };
  while (state.settled_order.size() > max_settled) {
    auto victim = oldest([](const SettledCommand& each) { return each.confirmed; });
    if (victim == state.settled_order.end()) {
      victim = oldest([](const SettledCommand& each) { return is_local_actor(each.command.actor); });
    }
    if (victim == state.settled_order.end()) victim = state.settled_order.begin();
    state.settled.erase(*victim);
    state.settled_order.erase(victim);
  }
}

void tell_outcome(State& state, const Record& record, const Command& command, const Outcome& outcome) {
  const bool good = outcome.kind == OutcomeKind::succeeded;
  emit(state, record,
       {.kind = "command_settled",
        .severity = good ? Severity::info : Severity::warning,
        .workload = command.target.kind == Target::Kind::workload ? command.target.name : std::string{},
        .command_id = command.id,
        .actor = command.actor,
        .text = fmt::format("{} of {} {}{}{}", to_string(command.verb), to_string(command.target),
                            to_string(outcome.kind), outcome.detail.empty() ? "." : ": ", outcome.detail),
        .data = {{"outcome", std::string(to_string(outcome.kind))}, {"code", outcome.code}}});
}

void settle(State& state, const Record& record, const std::string& id, const Outcome& outcome) {
  const auto it = state.open.find(id);
  if (it == state.open.end()) return;
  const Command command = it->second.command;
  state.open.erase(it);
  std::erase(state.order, id);
  keep_settled(state, command, outcome);
  tell_outcome(state, record, command, outcome);
  auto& leaving = state.node.decommission;
  if (!leaving || leaving->command_id != id) return;
  if (outcome.kind == protocol::OutcomeKind::cancelled)
    leaving.reset();
  else
    leaving->told_seq = state.last_event_seq;
}

// Ends what `newer` supersedes; `by` is its id, "" for a level.
void supersede(State& state, const Record& record, const Command& newer, const std::string& by) {
  std::vector<std::string> ended;
  for (const auto& [id, open] : state.open) {
    if (id != by && supersedes(newer, open.command)) ended.push_back(id);
  }
  for (const std::string& id : ended) {
    const OpenCommand& open = state.open.at(id);
    Outcome outcome{
        .command_id = id,
        .verb = open.command.verb,
        .target = open.command.target,
        .kind = OutcomeKind::superseded,
        .detail = by.empty() ? "The control plane decided anew." : fmt::format("Command {} came after it.", by),
        .started_at = open.wall_accepted_at,
        .finished_at = record.wall_ms,
        .actor = open.command.actor};
    settle(state, record, id, outcome);
  }
}

void suspend(State& state, const Record& record, Suspension suspension) {
  if (!state.node.suspension)
    suspension.since = record.wall_ms;
  else
    suspension.since = state.node.suspension->since;
  state.node.suspension = std::move(suspension);
  // Suspension ends every hold.
  state.node.hold.reset();
  for (auto& [name, workload] : state.workloads) workload.hold.reset();
}

// Somebody has decided: a node that waited for that waits no more.
void end_waits(State& state) {
  state.node.fresh_until.reset();
  state.node.boot_wait_until.reset();
}

void begin_anew(State& state, const Target& target) {
  for (auto& [name, workload] : state.workloads) {
    if (target.kind == Target::Kind::node || target.name == name) clear_restart_state(workload);
  }
}

void decide(State& state, const Command& command) {
  const Intent intent = command.verb == Verb::stop ? Intent::stopped : Intent::running;
  if (command.target.kind == Target::Kind::node) {
    state.node.intent = intent;
    end_waits(state);
    return;
  }
  const auto it = state.workloads.find(command.target.name);
  if (it == state.workloads.end()) return;
  it->second.intent = intent;
  if (intent == Intent::running) end_waits(state);
}

void hold(State& state, const Record& record, const Command& command) {
  const Hold made{record.boot_ms + command.args.for_s * 1000, command.actor};
  if (command.target.kind == Target::Kind::node) {
    state.node.hold = made;
  } else if (const auto it = state.workloads.find(command.target.name); it != state.workloads.end()) {
    it->second.hold = made;
  }
}

void release(State& state, const Command& command) {
  if (command.target.kind == Target::Kind::node) {
    state.node.hold.reset();
    for (auto& [name, workload] : state.workloads) workload.hold.reset();
  } else if (const auto it = state.workloads.find(command.target.name); it != state.workloads.end()) {
    it->second.hold.reset();
  }
}

void enter_stage(State& state, const Record& record, const Command& command) {
  const std::string& stage = command.args.stage;
  state.node.stage.reset();
  if (stage != "running") state.node.stage = Stage{stage, command.reason};
  emit(state, record,
       {.kind = "stage",
        .severity = stage == "failed" ? protocol::Severity::error : protocol::Severity::info,
        .command_id = command.id,
        .actor = command.actor,
        .text = fmt::format("Provisioning stage {}{}{}", stage, command.reason.empty() ? "." : ": ", command.reason),
        .data = {{"stage", stage}, {"reason", command.reason}}});
}

// What a command changes by itself: an intent when it is accepted, a restart when it begins.
void take_effect(State& state, const Record& record, const Command& command) {
  switch (command.verb) {
    case Verb::start:
    case Verb::restart:
      begin_anew(state, command.target);
      decide(state, command);
      break;
    case Verb::stop: decide(state, command); break;
    case Verb::suspend:
      suspend(state, record,
              {.mode = command.args.mode.empty() ? "stop" : command.args.mode,
               .reason = command.reason,
               .actor = command.actor,
               .command_id = command.id});
      break;
    case Verb::resume:
      state.node.suspension.reset();
      end_waits(state);
      begin_anew(state, command.target);
      break;
    case Verb::hold: hold(state, record, command); break;
    case Verb::release: release(state, command); break;
    case Verb::decommission:
      // Once more is no other: the first one's actor and reason stand.
      if (!state.node.decommission)
        state.node.decommission =
            Decommission{.actor = command.actor, .reason = command.reason, .since = record.wall_ms};
      state.node.decommission->command_id = command.id;
      break;
    case Verb::stage: enter_stage(state, record, command); break;
    case Verb::lock: state.node.locked = true; break;
    case Verb::unlock: state.node.locked = false; break;
    case Verb::adopt:
      if (!command.args.instance) break;
      state.cloud_instance_id = state.seen_instance_id;
      state.node.cloned = false;
      break;
    default: break;
  }
}

void note_generation(State& state, const Command& command) {
  if (!command.generation) return;
  state.node.generation = std::max(state.node.generation, *command.generation);
  if (command.target.kind == Target::Kind::node) {
    state.node.node_generation = std::max(state.node.node_generation, *command.generation);
  } else if (const auto it = state.workloads.find(command.target.name); it != state.workloads.end()) {
    it->second.generation = std::max(it->second.generation, *command.generation);
  }
}

void spend_token(State& state, BootMs now) {
  state.destructive_tokens = std::max(0.0, destructive_tokens(state, now) - 1);
  state.destructive_at = now;
}

}  // namespace

std::map<std::string, Instance> running_instances(const State& state, const Target& target) {
  std::map<std::string, Instance> result;
  for (const auto& [name, workload] : state.workloads) {
    if (target.kind != Target::Kind::node && target.name != name) continue;
    for (const OwnedContainer& container : workload.containers) {
      if (container.runs) result[name] = Instance{container.id, container.seen};
    }
  }
  return result;
}

bool is_local_actor(const std::string& actor) { return actor.starts_with("local:"); }

void evolve_part(State& state, const Record& record, const record::Accepted& accepted) {
  const Command& command = accepted.command;
  OpenCommand open{.command = command, .accepted_at = record.boot_ms, .wall_accepted_at = record.wall_ms};
  open.begun = accepted.begun;
  open.must_go = accepted.must_go;
  if (command.verb == Verb::apply) open.apply = Apply{.wanted = accepted.applied, .changes = accepted.changes};
  if (accepted.begin_within_ms) open.begin_by = record.boot_ms + *accepted.begin_within_ms;
  state.open[command.id] = std::move(open);
  state.order.push_back(command.id);
  if (accepted.limited) spend_token(state, record.boot_ms);
  emit(state, record,
       {.kind = "command_accepted",
        .workload = command.target.kind == Target::Kind::workload ? command.target.name : std::string{},
        .command_id = command.id,
        .actor = command.actor,
        .text = fmt::format("{} of {} was accepted from {}{}{}.", to_string(command.verb), to_string(command.target),
                            command.actor, command.reason.empty() ? "" : ": ", command.reason)});
  supersede(state, record, command, command.id);
  note_generation(state, command);
  if (!protocol::expires(command.verb)) take_effect(state, record, command);
}

void evolve_part(State& state, const Record& record, const record::Refused& refused) {
  keep_settled(state, refused.command, refused.outcome);
  tell_outcome(state, record, refused.command, refused.outcome);
}

void evolve_part(State& state, const Record& record, const record::Begun& begun) {
  const auto it = state.open.find(begun.command_id);
  if (it == state.open.end()) return;
  it->second.begun = true;
  it->second.begun_boot = record.boot_id;
  it->second.accepted_at = record.boot_ms;  // patience counts from the beginning
  it->second.begin_by.reset();
  // A run that Docker did not tell of before it was accepted.
  if (it->second.command.verb == Verb::restart)
    it->second.must_go.merge(running_instances(state, it->second.command.target));
  // What may expire has no effect before it begins.
  const Command command = it->second.command;
  if (protocol::expires(command.verb)) take_effect(state, record, command);
}

void evolve_part(State& state, const Record& record, const record::Settled& settled) {
  settle(state, record, settled.command_id, settled.outcome);
}

void evolve_part(State& state, const Record& record, const record::WantedTaken& taken) {
  const protocol::Wanted& wanted = taken.wanted;
  const std::string actor = wanted.actor.empty() ? "the control plane" : wanted.actor;
  state.node.generation = std::max(state.node.generation, wanted.generation);
  state.node.node_generation = wanted.generation;
  state.node.wanted_generation = wanted.generation;
  end_waits(state);
  supersede(state, record, Command{.verb = Verb::start, .generation = wanted.generation}, "");
  const bool same_intent = state.node.intent == wanted.intent;
  state.node.intent = wanted.intent;
  if (wanted.suspended) {
    suspend(state, record,
            {.mode = wanted.mode.empty() ? "stop" : wanted.mode, .reason = wanted.reason, .actor = actor});
  } else if (state.node.suspension || !same_intent) {
    state.node.suspension.reset();
    begin_anew(state, Target{});
  }
  emit(state, record,
       {.kind = "wanted_taken",
        .severity = wanted.suspended ? Severity::notice : Severity::info,
        .actor = actor,
        .text = fmt::format("The control plane wants this node {}{}{} (generation {}).",
                            wanted.suspended ? "suspended" : to_string(wanted.intent),
                            wanted.reason.empty() ? "" : ": ", wanted.reason, wanted.generation)});
}

void evolve_part(State& state, const Record&, const record::Confirmed& confirmed) {
  confirm_events(state, confirmed.event_seq);
  for (const std::string& id : confirmed.outcomes) {
    if (const auto it = state.settled.find(id); it != state.settled.end()) it->second.confirmed = true;
  }
}

void evolve_part(State& state, const Record& record, const record::SystemAsked& asked) {
  const auto it = state.open.find(asked.command_id);
  if (it == state.open.end()) return;
  const auto& before = it->second.asked;
  it->second.asked = SystemAsk{.boot_id = record.boot_id,
                               .epoch = state.epoch,
                               .times = before ? before->times + 1 : 1,
                               .at = before ? before->at : record.boot_ms,
                               .serial = asked.serial};
}

void evolve_part(State& state, const Record& record, const record::SystemRefused& refused) {
  const BootMs retry_at = record.boot_ms + refused.retry_in_ms;
  if (const auto it = state.open.find(refused.command_id); it != state.open.end()) {
    it->second.trouble = Trouble{refused.code, refused.detail, 1, retry_at};
    return;
  }
  if (!state.node.decommission || state.node.decommission->command_id != refused.command_id) return;
  const std::uint32_t before = state.node.decommission->trouble ? state.node.decommission->trouble->attempts : 0;
  state.node.decommission->trouble = Trouble{refused.code, refused.detail, before + 1, retry_at};
  if (before > 0) return;
  emit(state, record,
       {.kind = "cannot_leave",
        .severity = Severity::error,
        .command_id = refused.command_id,
        .text = fmt::format("The node is decommissioned and cannot leave: {}", refused.detail)});
}

void evolve_part(State& state, const Record& record, const record::HoldEnded& ended) {
  if (ended.workload.empty()) {
    state.node.hold.reset();
  } else if (const auto it = state.workloads.find(ended.workload); it != state.workloads.end()) {
    it->second.hold.reset();
  }
  emit(state, record,
       {.kind = "hold_ended",
        .workload = ended.workload,
        .text = fmt::format("The hold on {} ended; it is supervised again.",
                            ended.workload.empty() ? "the node" : ended.workload)});
}

}  // namespace aura::reconcile

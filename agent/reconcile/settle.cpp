#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

using protocol::Command;
using protocol::Evidence;
using protocol::Outcome;
using protocol::OutcomeKind;
using protocol::Target;
using protocol::Verb;
using protocol::WorkloadWord;

// So many attempts at something Docker or a registry refuses, then the command says so; trying goes on.
constexpr std::uint32_t attempts_before_failed = 3;

using Verdict = std::optional<Ending>;

std::vector<std::string> targeted(const State& state, const Command& command) {
  std::vector<std::string> names;
  for (const auto& [name, workload] : state.workloads) {
    if (command.target.kind == Target::Kind::node || command.target.name == name) names.push_back(name);
  }
  return names;
}

std::vector<Evidence> collect_evidence(const Pass& pass, const OpenCommand& open) {
  std::vector<Evidence> result;
  const Verb verb = open.command.verb;
  const bool stops = verb == Verb::reboot || verb == Verb::power_off || verb == Verb::decommission;
  if (!protocol::has_generation(verb) && !open.apply && !stops) return result;
  for (const std::string& name : targeted(pass.state, open.command)) {
    if (open.apply && !open.apply->items.contains(name)) continue;
    Evidence evidence;
    if (const auto it = open.evidence.find(name); it != open.evidence.end()) evidence = it->second;
    evidence.workload = name;
    if (const auto it = pass.plan.findings.find(name); it != pass.plan.findings.end()) {
      evidence.state = to_string(it->second.word);
      const auto& container = it->second.container;
      if (container && container->phase == Phase::running) {
        evidence.container_id = container->id;
        evidence.started_at = container->started_at;
      }
    }
    result.push_back(std::move(evidence));
  }
  return result;
}

}  // namespace

void settle(Pass& pass, const OpenCommand& open, const Ending& ending) {
  Outcome outcome{
      .command_id = open.command.id, .verb = open.command.verb, .target = open.command.target, .kind = ending.kind};
  outcome.code = ending.code;
  outcome.detail = ending.detail;
  outcome.started_at = open.wall_accepted_at;
  outcome.finished_at = pass.now.wall_ms;
  outcome.actor = open.command.actor;
  outcome.evidence = collect_evidence(pass, open);
  if (open.apply) outcome.changes = open.apply->changes;
  pass.fact(record::Settled{open.command.id, std::move(outcome)});
}

std::optional<Ending> hopeless(const Workload& workload, const Finding& finding) {
  const auto failed = [&](std::string_view code) {
    return Ending{OutcomeKind::failed, std::string(code),
                  fmt::format("{}: {}", workload.declared.name, finding.reason)};
  };
  switch (finding.word) {
    case WorkloadWord::conflict: return failed("conflict");
    case WorkloadWord::crash_loop: return failed("crash_loop");
    case WorkloadWord::failed:
      if (workload.never_again) return failed("exited");
      if (workload.trouble && workload.trouble->attempts >= attempts_before_failed)
        return failed(workload.trouble->code);
      return {};
    default: return {};
  }
}

namespace {

// A start cannot come true while something above the workload says no.
Verdict forbidden_start(const Pass& pass, const OpenCommand& open) {
  if (pass.state.node.cloned) {
    return Ending{OutcomeKind::failed, std::string(protocol::code::cloned), "This machine is a clone of the node."};
  }
  if (open.command.target.kind != Target::Kind::workload) return {};
  const auto it = pass.state.workloads.find(open.command.target.name);
  if (it == pass.state.workloads.end() || it->second.withdrawn_at) {
    return Ending{OutcomeKind::failed, std::string(protocol::code::unknown_workload), "It is not declared any more."};
  }
  const Node& node = pass.state.node;
  if (node.suspension)
    return Ending{OutcomeKind::failed, std::string(protocol::code::suspended), "The node is suspended."};
  if (node.intent == protocol::Intent::stopped) {
    return Ending{OutcomeKind::failed, std::string(protocol::code::node_stopped), "The node is stopped."};
  }
  if (const auto rest = rest_of(pass, it->second)) {
    return Ending{OutcomeKind::failed, std::string(to_string(rest->cause)), rest->why};
  }
  return {};
}

// Unhealthy for longer than it may take to show itself healthy, counted from the command.
Verdict unhealthy(Pass& pass, const OpenCommand& open, const Workload& workload, const Finding& finding) {
  const BootMs until = open.accepted_at + start_grace_ms(workload.declared.spec);
  if (until > pass.now.boot_ms) {
    pass.wake(until);
    return {};
  }
  return Ending{OutcomeKind::failed, "unhealthy", fmt::format("{}: {}", workload.declared.name, finding.reason)};
}

Verdict all_run(Pass& pass, const OpenCommand& open) {
  if (pass.drain) return {};  // after the next boot
  if (Verdict verdict = forbidden_start(pass, open)) return verdict;
  if (pass.state.node.boot_wait_until) return {};
  bool all = true;
  for (const std::string& name : targeted(pass.state, open.command)) {
    const Workload& workload = pass.state.workloads.at(name);
    // What Docker does not tell may be the instance that must go.
    const Finding& finding = pass.plan.findings.at(name);
    const bool may_be_there = finding.word == WorkloadWord::unknown || must_go(pass, name, workload);
    if (open.command.verb == Verb::restart && may_be_there) {
      all = false;
      continue;
    }
    // A workload that is stopped by its own intent is none of the node's start; one that is held runs by other hands.
    if (!may_run(pass, workload) || is_held(pass.state, workload, pass.now)) continue;
    if (finding.word == WorkloadWord::stopped && finding.as_intended) continue;
    if (const Verdict verdict = hopeless(workload, finding)) return verdict;
    if (finding.word == WorkloadWord::unhealthy) {
      if (const Verdict verdict = unhealthy(pass, open, workload, finding)) return verdict;
    }
    // An action under way, such as the stop of an order that was overtaken, may yet end what runs.
    const bool may_change = pass.in_flight.workloads.contains(name);
    if (finding.word != WorkloadWord::running || may_change || must_go(pass, name, workload)) all = false;
  }
  return all ? Verdict{Ending{}} : Verdict{};
}

Verdict none_runs(const Pass& pass, const OpenCommand& open) {
  bool none = true;
  for (const std::string& name : targeted(pass.state, open.command)) {
    const Workload& workload = pass.state.workloads.at(name);
    const Finding& finding = pass.plan.findings.at(name);
    const bool freezes = open.command.verb == Verb::suspend && should_freeze(pass, workload);
    if (freezes && finding.word == WorkloadWord::frozen) continue;
    if (freezes && workload.trouble && workload.trouble->code == "freeze_failed" &&
        workload.trouble->attempts >= attempts_before_failed) {
      return Ending{OutcomeKind::failed, "freeze_failed", fmt::format("{}: {}", name, workload.trouble->detail)};
    }
    if (!is_up(pass, workload)) {
      const bool unsure = finding.word == WorkloadWord::unknown;
      none = none && !unsure && !pass.in_flight.workloads.contains(name);
      continue;
    }
    none = false;
    if (workload.stuck) {
      return Ending{
          OutcomeKind::failed, "stuck",
          fmt::format("{}: {}", name, workload.trouble ? workload.trouble->detail : "Docker cannot stop it.")};
    }
  }
  return none ? Verdict{Ending{}} : Verdict{};
}

Verdict pulled(const OpenCommand& open) {
  if (open.image_present) return Ending{};
  if (!open.trouble) return {};
  return Ending{OutcomeKind::failed, open.trouble->code, open.trouble->detail};
}

void pull_step(Pass& pass, const OpenCommand& open) {
  const std::string& image = open.command.target.name;
  const bool planned = std::any_of(pass.plan.actions.begin(), pass.plan.actions.end(), [&](const Action& action) {
    const auto* pull = std::get_if<action::Pull>(&action);
    return pull != nullptr && pull->image == image;
  });
  if (!pass.in_flight.pulls.contains(image) && !planned) pass.act(pull_of(pass.state, image));
}

// Takes over the container that carries our label: the one that runs, else the newest.
Verdict adopted(Pass& pass, const OpenCommand& open) {
  const std::string& name = open.command.target.name;
  const Container* best = nullptr;
  for (const Container* container : nominees(pass, name)) {
    if (best == nullptr || (is_up(container->phase) && !is_up(best->phase))) best = container;
  }
  if (best != nullptr) {
    pass.fact(record::Adopted{name,
                              OwnedContainer{.nonce = best->labels.nonce,
                                             .name = best->name,
                                             .n = number_of(pass.state, name, best->name),
                                             .spec_hash = best->labels.spec_hash,
                                             .id = best->id},
                              open.command.actor});
    if (best->phase == Phase::paused) pass.fact(record::FreezeIntended{name, best->instance()});
    return Ending{OutcomeKind::succeeded, "", fmt::format("Container {} is {} now.", best->name, name)};
  }
  if (open.done) return Ending{};
  return Ending{OutcomeKind::failed, "nothing_to_adopt", fmt::format("No container carries our label for {}.", name)};
}

std::string what_is_left(const OpenCommand& victim) {
  if (victim.begun && protocol::has_generation(victim.command.verb))
    return "Nobody waits for it any more; what it decided stays decided.";
  if (victim.begun && (victim.command.verb == Verb::reboot || victim.command.verb == Verb::power_off))
    return "The host stays up, and what was stopped for it runs again.";
  if (victim.begun && victim.command.verb == Verb::pull)
    return "The pull ends, unless a workload needs the image; what is here of it stays for the next try.";
  return "It was cancelled before it had an effect.";
}

void cancel(Pass& pass, const OpenCommand& open) {
  const auto victim = pass.state.open.find(open.command.target.name);
  if (victim == pass.state.open.end()) {
    const auto settled = pass.state.settled.find(open.command.target.name);
    const bool cancelled =
        settled != pass.state.settled.end() && settled->second.outcome.kind == OutcomeKind::cancelled;
    settle(pass, open,
           cancelled ? Ending{}
                     : Ending{OutcomeKind::failed, "unknown_command", "It had ended before it could be cancelled."});
    return;
  }
  if (victim->second.asked && victim->second.command.verb != Verb::stop) {
    settle(pass, open, {OutcomeKind::failed, "too_late", "The machine was asked for it already."});
    return;
  }
  const std::optional<Apply>& apply = victim->second.apply;
  if (apply && apply->declared) {
    // It is settled once everything is back.
    if (apply->undone.empty()) pass.fact(record::ApplyUndone{victim->first, "it was cancelled.", true});
  } else {
    settle(pass, victim->second, {OutcomeKind::cancelled, "cancelled", what_is_left(victim->second)});
  }
  settle(pass, open, {});
}

// stop with then = power_off: once nothing runs.
Verdict stopped(Pass& pass, const std::string& id, const OpenCommand& open) {
  const bool powers_off = open.command.args.then == "power_off";
  if (powers_off && open.asked) return power_step(pass, id, open);
  const Verdict verdict = pass.observed.containers ? none_runs(pass, open) : Verdict{};
  if (!powers_off || !verdict || verdict->kind != OutcomeKind::succeeded) return verdict;
  return power_step(pass, id, open);
}

Verdict judge(Pass& pass, const std::string& id, const OpenCommand& open) {
  const bool known = pass.observed.containers.has_value();
  switch (open.command.verb) {
    case Verb::start:
    case Verb::resume:
    case Verb::restart: return known ? all_run(pass, open) : Verdict{};
    case Verb::stop: return stopped(pass, id, open);
    case Verb::suspend:
    case Verb::decommission: return known ? none_runs(pass, open) : Verdict{};
    case Verb::reboot:
    case Verb::power_off: return power_step(pass, id, open);
    case Verb::upgrade: return upgrade_step(pass, id, open);
    case Verb::pull: return pulled(open);
    case Verb::reload:  // is settled by whoever carries it out, unless that life of the agent ended before
      return Ending{OutcomeKind::failed, "interrupted", "The agent ended before it was done; ask again."};
    case Verb::collect: return {};  // loops/collector settles it
    case Verb::adopt:
      if (open.command.args.instance) return Ending{};
      return known ? adopted(pass, open) : Verdict{};
    default: return Ending{};  // hold, release, lock, unlock, stage: done by being accepted
  }
}

bool pulling(const Pass& pass, const OpenCommand& open) {
  const std::vector<std::string> names = targeted(pass.state, open.command);
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return pass.in_flight.pulls.contains(pass.state.workloads.at(name).declared.spec.image);
  });
}

std::int64_t patience_ms(const State& state, const OpenCommand& open) {
  std::int64_t start_ms = 0, stop_ms = 0;
  for (const std::string& name : targeted(state, open.command)) {
    const WorkloadSpec& spec = state.workloads.at(name).declared.spec;
    start_ms = std::max(start_ms, start_grace_ms(spec));
    stop_ms += std::int64_t{spec.stop.grace_s} * 1000;  // one after the other, where they depend on each other
  }
  return command_patience_ms + start_ms + stop_ms + std::int64_t{open.command.args.grace_s.value_or(0)} * 1000;
}

// One open command. True if it told a fact.
void settle_one(Pass& pass, const std::string& id, const OpenCommand& open) {
  if (open.begin_by && !open.begun && *open.begin_by <= pass.now.boot_ms) {
    settle(pass, open, {OutcomeKind::expired, "expired", "It could not begin in time."});
    return;
  }
  const bool needs_docker = open.command.verb != Verb::reboot && open.command.verb != Verb::power_off;
  if (!open.begun) {
    if (!pass.observed.containers && needs_docker) {
      if (open.begin_by) pass.wake(*open.begin_by);
      return;
    }
    pass.fact(record::Begun{id});
    return;
  }
  if (open.command.verb == Verb::cancel) {
    cancel(pass, open);
    return;
  }
  if (open.apply) {
    apply_step(pass, open);
    return;
  }
  if (const Verdict verdict = judge(pass, id, open)) {
    settle(pass, open, *verdict);
    return;
  }
  if (open.command.verb == Verb::pull) {
    pull_step(pass, open);
    return;
  }
  if (open.asked) return;  // machine.cpp has patience of its own
  const BootMs until = open.accepted_at + patience_ms(pass.state, open);
  if (until > pass.now.boot_ms || pulling(pass, open)) {
    pass.wake(std::max(until, pass.now.boot_ms + 60'000));
    return;
  }
  settle(pass, open,
         {OutcomeKind::failed, "timed_out", "The world did not show it in time; what was decided stays decided."});
}

}  // namespace

void settle_commands(Pass& pass) {
  for (const std::string& id : pass.state.order) {
    settle_one(pass, id, pass.state.open.at(id));
    // One decision at a time: the next pass sees what this one changed.
    if (!pass.plan.facts.empty()) return;
  }
}

}  // namespace aura::reconcile

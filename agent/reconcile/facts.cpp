#include "agent/reconcile/backoff.hpp"
#include "agent/reconcile/events.hpp"
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

// Docker's zero time: the container never ran (State.StartedAt, Engine API ContainerInspect).
bool ever_started(const Container& container) {
  return !container.started_at.empty() && !container.started_at.starts_with("0001-");
}

void find_node_facts(Pass& pass) {
  const Node& node = pass.state.node;
  if (node.hold && node.hold->until) {
    if (*node.hold->until <= pass.now.boot_ms)
      pass.fact(record::HoldEnded{});
    else
      pass.wake(*node.hold->until);
  }
  if (node.boot_wait_until) {
    if (*node.boot_wait_until <= pass.now.boot_ms)
      pass.fact(record::BootWaitOver{});
    else
      pass.wake(*node.boot_wait_until);
  }
  find_silence(pass);
  if (node.fresh_until) {
    if (*node.fresh_until <= pass.now.boot_ms)
      pass.fact(record::FreshWaitOver{});
    else
      pass.wake(*node.fresh_until);
  }
}

std::string sentence(const Workload& workload, std::string_view meaning, std::string_view who) {
  return fmt::format("{} {}{}{}.", workload.declared.name, meaning, who.empty() ? "" : "; ", who);
}

std::string whose_stop(const StopSent& stop) {
  std::string text = fmt::format("stopped because {}", [&] {
    switch (stop.cause) {
      case Cause::suspended: return std::string("the node is suspended");
      case Cause::node_stopped: return std::string("the node is stopped");
      case Cause::replaced: return std::string("its spec changed");
      case Cause::withdrawn: return std::string("its declaration is gone");
      case Cause::shutdown: return std::string("the host goes down");
      case Cause::decommissioned: return std::string("the node is decommissioned");
      case Cause::probe: return std::string("a probe failed");
      case Cause::dependency: return std::string("a dependency was restarted");
      case Cause::backup: return std::string("its primary does not need it");
      case Cause::disconnected: return std::string("of its [disconnect]");
      case Cause::memory: return std::string("its memory was running out");
      default: return std::string("a command said so");
    }
  }());
  if (!stop.actor.empty()) text += fmt::format(", by {}", stop.actor);
  if (!stop.command_id.empty()) text += fmt::format(", command {}", stop.command_id);
  if (!stop.reason.empty()) text += fmt::format(": {}", stop.reason);
  return text;
}

// A stop that was overtaken by a start does not explain a crash long after it.
bool stop_explains(const Pass& pass, const Workload& workload) {
  constexpr std::int64_t docker_patience_ms = 60'000;
  const StopSent& stop = *workload.stop_sent;
  if (stop.cause == Cause::replaced || !may_run(pass, workload)) return true;
  return pass.now.boot_ms <= stop.at + std::int64_t{stop.grace_s} * 1000 + docker_patience_ms;
}

std::string what_somebody_did(const Container& container) {
  if (container.stop_called) return "somebody stopped it through Docker (docker stop)";
  if (container.kill_signal == 0) return "somebody stopped it through Docker (docker stop or docker kill)";
  const std::string name = exit_signal(128 + container.kill_signal);
  return fmt::format("somebody sent it {} through Docker (docker kill)",
                     name.empty() ? fmt::format("signal {}", container.kill_signal) : name);
}

// Whose doing the end of a run was. `container` is nullptr if the container is gone, or if it runs anew already.
Exit explain_exit(const Pass& pass, const Workload& workload, const OwnedContainer& owned, const Container* container) {
  Exit exit;
  exit.instance = {owned.id, owned.seen};
  exit.at = pass.now.boot_ms;
  exit.wall_at = pass.now.wall_ms;
  exit.seen = container != nullptr;
  if (container != nullptr) {
    exit.code = container->exit_code;
    // Docker's flag and event are about any process of the container (facts: OOMKilled is true after a clean exit).
    exit.oom = container->oom_killed && container->oom_at_end && exit.code == 137 && !container->sigkill_sent;
    exit.child_oom = container->oom_killed && !exit.oom;
  }
  const std::string meaning = container != nullptr ? exit_meaning(exit.code, exit.oom) : "ended";
  // Asked to get ready it may end well by itself; anything else is its own doing as long as the stop was not sent.
  const bool by_stop = workload.stop_sent && workload.stop_sent->instance == exit.instance &&
                       (workload.stop_sent->hook == HookState::over || exit.code == 0);
  if (by_stop && stop_explains(pass, workload)) {
    exit.cause = workload.stop_sent->cause;
    exit.why = sentence(workload, meaning, whose_stop(*workload.stop_sent));
  } else if (owned.since_boot != pass.now.boot_id) {
    exit.cause = Cause::host_reboot;
    exit.why = sentence(workload, "ended", "the host went down and has booted again");
  } else if (container == nullptr) {
    exit.cause = Cause::human;
    exit.why = sentence(workload, "ended unseen", "its container was removed or started anew by somebody else");
  } else if (pass.observed.after_gap && !container->killed) {
    exit.cause = Cause::docker_restart;
    exit.why = sentence(workload, meaning, "Docker was away meanwhile");
  } else if (container->killed) {
    exit.cause = Cause::human;
    exit.why = sentence(workload, meaning, what_somebody_did(*container));
  } else {
    exit.cause = exit.code == 0 ? Cause::exited : Cause::crashed;
    exit.why = sentence(workload, meaning, pass.observed.first_look ? "it happened while the agent was away" : "");
  }
  if (exit.child_oom) exit.why += " Before that the kernel killed one of its processes for want of memory.";
  return exit;
}

void tell_exit(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& owned,
               const Container* container) {
  record::Exited exited{.workload = name, .exit = explain_exit(pass, workload, owned, container)};
  if (container != nullptr) exited.log_tail = container->log_tail;
  judge_exit(workload, pass.now.boot_ms - owned.since, pass.now, exited);
  pass.fact(std::move(exited));
}

// A daemon that shuts down kills its containers before it stops answering: what looks like somebody's docker stop is
// believed only if Docker is still there a moment later.
constexpr std::int64_t believe_kill_after_ms = 500;
// A docker stop says that it was one only after the container's end; a docker kill with SIGKILL needs no such word.
constexpr std::int64_t stop_told_within_ms = 200;
constexpr int sigkill = 9;

bool may_be_docker_going_down(Pass& pass, const Workload& workload, const Container& container) {
  if (!container.killed || container.killed_at == 0 || pass.observed.after_gap) return false;
  if (workload.stop_sent && workload.stop_sent->instance == container.instance()) return false;
  BootMs believe_at = container.killed_at + believe_kill_after_ms;
  const bool may_be_a_stop = container.kill_signal != sigkill && !container.stop_called && container.ended_at != 0;
  if (may_be_a_stop) believe_at = std::max(believe_at, container.ended_at + stop_told_within_ms);
  if (believe_at <= pass.now.boot_ms) return false;
  pass.wake(believe_at);
  return true;
}

// The end of a known run, or the beginning of a new one. True if a fact was told.
bool find_run_facts(Pass& pass, const std::string& name, const Workload& workload) {
  for (const OwnedContainer& owned : workload.containers) {
    if (owned.id.empty()) continue;
    const Container* container = pass.find(owned.id);
    if (container == nullptr) {
      if (owned.runs)
        tell_exit(pass, name, workload, owned, nullptr);
      else
        pass.fact(record::Gone{name, owned.id});
      return true;
    }
    if (container->phase == Phase::unknown) continue;
    const bool same_run = container->started_at == owned.seen;
    if (owned.runs && !same_run) {
      tell_exit(pass, name, workload, owned, nullptr);
      return true;
    }
    if (owned.runs && !is_up(container->phase)) {
      if (may_be_docker_going_down(pass, workload, *container)) continue;
      tell_exit(pass, name, workload, owned, container);
      return true;
    }
    if (!owned.runs && !same_run && ever_started(*container)) {
      pass.fact(record::Running{name, container->instance()});
      return true;
    }
  }
  return false;
}

// A container that we made but did not get to record: its nonce is reserved and has no id yet.
bool find_created(Pass& pass, const std::string& name, const Workload& workload) {
  for (const OwnedContainer& owned : workload.containers) {
    if (!owned.id.empty()) continue;
    for (const Container* container : nominees(pass, name)) {
      if (container->labels.nonce != owned.nonce) continue;
      pass.fact(record::Created{name, owned.nonce, container->id});
      return true;
    }
  }
  return false;
}

// With a ledger that never made a container for this workload, one that is exactly as declared is ours.
bool find_adoptable(Pass& pass, const std::string& name, const Workload& workload) {
  if (workload.next_n != 1 || !workload.containers.empty() || workload.withdrawn_at) return false;
  const Container* best = nullptr;
  for (const Container* container : nominees(pass, name)) {
    const bool exact =
        container->labels.spec_hash == workload.declared.spec_hash && number_of(pass.state, name, container->name) != 0;
    if (!exact) continue;
    const bool better = best == nullptr || (is_up(container->phase) && !is_up(best->phase)) ||
                        (is_up(container->phase) == is_up(best->phase) &&
                         number_of(pass.state, name, container->name) > number_of(pass.state, name, best->name));
    if (better) best = container;
  }
  if (best == nullptr) return false;
  OwnedContainer owned{.nonce = best->labels.nonce,
                       .name = best->name,
                       .n = number_of(pass.state, name, best->name),
                       .spec_hash = best->labels.spec_hash,
                       .id = best->id};
  pass.fact(record::Adopted{name, owned, ""});
  // A ledger that was lost had it frozen: nobody else would ever let it run on.
  if (best->phase == Phase::paused) pass.fact(record::FreezeIntended{name, best->instance()});
  return true;
}

bool find_hold_end(Pass& pass, const std::string& name, const Workload& workload) {
  if (!workload.hold || !workload.hold->until) return false;
  if (*workload.hold->until > pass.now.boot_ms) {
    pass.wake(*workload.hold->until);
    return false;
  }
  pass.fact(record::HoldEnded{name});
  return true;
}

bool find_retention_end(Pass& pass, const std::string& name, const Workload& workload) {
  // A container that was intended and never seen made leaves nothing behind.
  const bool any_left = std::any_of(workload.containers.begin(), workload.containers.end(),
                                    [](const OwnedContainer& owned) { return !owned.id.empty(); });
  if (!workload.withdrawn_at || any_left) return false;
  const BootMs until = *workload.withdrawn_at + pass.state.limits.withdrawn_kept_ms;
  if (until > pass.now.boot_ms && workload.next_n != 1) {
    pass.wake(until);
    return false;
  }
  pass.fact(record::Forgotten{name});
  return true;
}

}  // namespace

void find_facts(Pass& pass) {
  find_node_facts(pass);
  for (const auto& [name, workload] : pass.state.workloads) {
    if (find_hold_end(pass, name, workload)) continue;
    if (!pass.observed.containers) continue;
    if (find_created(pass, name, workload)) continue;
    if (find_adoptable(pass, name, workload)) continue;
    if (find_run_facts(pass, name, workload)) continue;
    if (find_memory(pass, name, workload)) continue;
    find_retention_end(pass, name, workload);
  }
}

}  // namespace aura::reconcile

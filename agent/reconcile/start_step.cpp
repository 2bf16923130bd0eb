#include "agent/reconcile/pass.hpp"

#include "common/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace aura::reconcile {

namespace {

using protocol::Target;
using protocol::Verb;
using protocol::WorkloadWord;

// A container that is not ours and holds what this workload needs, as a sentence; empty if there is none.
std::string foreign_holder(const Pass& pass, const std::string& name, const Workload& workload) {
  const OwnedContainer* target = target_of(workload);
  for (const Container& container : *pass.observed.containers) {
    const bool ours = std::any_of(workload.containers.begin(), workload.containers.end(),
                                  [&](const OwnedContainer& owned) { return owned.id == container.id; });
    if (ours) continue;
    if (target != nullptr && target->id.empty() && container.name == target->name) {
      return fmt::format("Container {} has the name but is not in the ledger.", container.name);
    }
    if (!is_up(container.phase)) continue;
    if (container.name == name) return fmt::format("A container named {} that is not ours runs already.", name);
    if (container.labels.node == pass.state.node_id && container.labels.workload == name) {
      return fmt::format("Container {} carries our label but is not in the ledger; aura-node adopt {} takes it over.",
                         container.name, name);
    }
    for (const Mount& mount : workload.declared.spec.mounts) {
      const auto& held = container.writable_mounts;
      if (mount.read_only || std::find(held.begin(), held.end(), mount.source) == held.end()) continue;
      const bool another_of_ours = container.labels.node == pass.state.node_id;
      if (!another_of_ours)
        return fmt::format("Container {}, which is not ours, writes to {}.", container.name, mount.source);
    }
  }
  return {};
}

void intend_create(Pass& pass, const std::string& name, const Workload& workload) {
  std::uint32_t n = workload.next_n;
  for (const Container& container : *pass.observed.containers) {
    n = std::max(n, number_of(pass.state, name, container.name) + 1);
  }
  record::CreateIntended intended{.workload = name, .n = n, .spec_hash = workload.declared.spec_hash};
  intended.name = fmt::format("{}-{}-{}", name_prefix(pass.state.node_id), name, n);
  intended.nonce =
      sha256_hex(fmt::format("{}/{}/{}/{}", pass.state.ledger_id, name, n, pass.now.entropy)).substr(0, 32);
  pass.fact(std::move(intended));
}

// Makes the container for the declared spec. True while that is still to be done.
bool create_step(Pass& pass, const std::string& name, const Workload& workload, Finding& finding) {
  const OwnedContainer* target = target_of(workload);
  if (target != nullptr && pass.find(target->id) != nullptr) return false;

  const std::string& image = workload.declared.spec.image;
  const bool pulling = pass.in_flight.pulls.contains(image);
  const bool in_trouble = workload.trouble && workload.trouble->code != "start_failed";
  finding.word = pulling ? WorkloadWord::pulling : WorkloadWord::absent;
  finding.reason = pulling ? fmt::format("Image {} is being fetched.", image) : "Its container is being made.";
  if (pulling || pass.in_flight.workloads.contains(name)) return true;
  if (in_trouble && waits(pass, *workload.trouble)) {
    finding.word = WorkloadWord::failed;
    finding.reason = fmt::format("{}: {}", workload.trouble->code, workload.trouble->detail);
    return true;
  }
  if (const std::string holder = foreign_holder(pass, name, workload); !holder.empty()) {
    finding.word = WorkloadWord::conflict;
    finding.reason = holder;
    return true;
  }
  if (target == nullptr)
    intend_create(pass, name, workload);
  else if (workload.image_missing)
    pass.act(pull_of(pass.state, image));
  else
    pass.act(action::Create{name, *target});
  return true;
}

// The command a start is owed to.
std::string starting_command(const State& state, const std::string& name) {
  for (auto id = state.order.rbegin(); id != state.order.rend(); ++id) {
    const protocol::Command& command = state.open.at(*id).command;
    const bool starts = command.verb == Verb::start || command.verb == Verb::restart || command.verb == Verb::resume;
    const bool covers = command.target.kind == Target::Kind::node || command.target.name == name;
    if (starts && covers) return *id;
  }
  return {};
}

void intend_start(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& active) {
  StartSent start{.container_id = active.id, .after = active.seen, .cause = Cause::declared, .at = pass.now.boot_ms};
  start.command_id = starting_command(pass.state, name);
  bool again = false;
  if (workload.last_exit) {
    const Cause cause = workload.last_exit->cause;
    again = cause == Cause::crashed || cause == Cause::exited || cause == Cause::human ||
            cause == Cause::docker_restart || cause == Cause::probe || cause == Cause::dependency ||
            cause == Cause::memory;
    if (again || cause == Cause::host_reboot || cause == Cause::shutdown || cause == Cause::replaced ||
        cause == Cause::disconnected)
      start.cause = cause;
  }
  if (!again && is_backup(pass, name)) start.cause = Cause::backup;
  if (!start.command_id.empty()) start.cause = Cause::command;
  pass.fact(record::StartIntended{name, std::move(start), again});
}

void find_backoff(Pass& pass, const Workload& workload, Finding& finding) {
  pass.wake(*workload.retry_at);
  finding.word = workload.crash_loop ? WorkloadWord::crash_loop : WorkloadWord::backoff;
  const auto left_s = (*workload.retry_at - pass.now.boot_ms + 999) / 1000;
  finding.reason =
      fmt::format("{} It is tried again in {} s.", workload.last_exit ? workload.last_exit->why : "", left_s);
}

void find_never_again(const Workload& workload, Finding& finding) {
  const bool done = workload.last_exit && workload.last_exit->code == 0;
  finding.word = done ? WorkloadWord::stopped : WorkloadWord::failed;
  finding.as_intended = done;
  const std::string why = workload.last_exit ? workload.last_exit->why : std::string{};
  finding.reason =
      done ? fmt::format("{} Its restart policy leaves it at that.", why)
           : fmt::format("{} It is not tried again by itself; aura-node start {} does.", why, workload.declared.name);
}

// Trouble with making the new container does not keep an old one from running.
bool gates_start(const Workload& workload, const OwnedContainer& active) {
  const std::string& code = workload.trouble->code;
  if (code == "start_failed") return true;
  return &active == target_of(workload) && !is_pull_trouble(code) && code != "update_failed";
}

// Runs the active container. True while it does not run.
bool run_step(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& active,
              Finding& finding) {
  const Container& container = *pass.find(active.id);
  if (container.phase == Phase::running && workload.frozen) {
    pass.fact(record::Thawed{name});
    return true;
  }
  if (container.phase == Phase::running) return false;
  finding.word = active.seen.empty() ? WorkloadWord::created : WorkloadWord::starting;
  finding.reason = "It is being started.";
  if (container.phase == Phase::paused) {
    thaw_step(pass, name, workload, container, finding);
    return true;
  }
  if (active.runs) {
    finding.reason = "Docker was asked to stop it; whether Docker itself goes down shows in a moment.";
    return true;
  }
  if (container.phase != Phase::created && container.phase != Phase::exited) {
    finding.reason = "Docker is busy with it.";
    return true;
  }
  if (active.remove) {
    finding.reason = "Docker cannot start its container any more; another one is made.";
    return true;
  }
  const bool begun = workload.start_sent && workload.start_sent->container_id == active.id;
  if (pass.in_flight.workloads.contains(name)) {
    if (begun) finding.word = WorkloadWord::starting;
    return true;
  }
  if (workload.never_again) {
    find_never_again(workload, finding);
    return true;
  }
  if (workload.trouble && gates_start(workload, active) && waits(pass, *workload.trouble)) {
    finding.word = WorkloadWord::failed;
    finding.reason = fmt::format("{}: {}", workload.trouble->code, workload.trouble->detail);
    return true;
  }
  if (workload.retry_at && *workload.retry_at > pass.now.boot_ms) {
    find_backoff(pass, workload, finding);
    return true;
  }
  if (const std::string missing = missing_dependency(pass, workload); !missing.empty()) {
    finding.reason = missing;
    return true;
  }
  if (const std::string holder = foreign_holder(pass, name, workload); !holder.empty()) {
    finding.word = WorkloadWord::conflict;
    finding.reason = holder;
    return true;
  }
  finding.word = WorkloadWord::starting;
  if (begun)
    pass.act(action::Start{name, active.id});
  else
    intend_start(pass, name, workload, active);
  return true;
}

}  // namespace

// memory, cpus and pids are outside the spec hash and updated live.
bool limits_differ(const Resources& wanted, const Resources& live) {
  return wanted.memory_bytes != live.memory_bytes || std::llround(wanted.cpus * 1e9) != std::llround(live.cpus * 1e9) ||
         wanted.pids != live.pids;
}

namespace {

void update_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container) {
  if (!container.resources || !limits_differ(workload.declared.spec.resources, *container.resources)) return;
  if (pass.in_flight.workloads.contains(name)) return;
  if (workload.trouble && waits(pass, *workload.trouble)) return;
  pass.act(action::Update{name, container.id, workload.declared.spec.resources});
}

// An older spec's container is kept going only while the new one cannot be made.
void replace_step(Pass& pass, const std::string& name, const Workload& workload, const OwnedContainer& old,
                  Finding& finding) {
  const std::size_t before = pass.plan.facts.size() + pass.plan.actions.size();
  create_step(pass, name, workload, finding);
  const bool blocked = pass.plan.facts.size() + pass.plan.actions.size() == before;
  const std::string why = finding.reason;
  if (blocked && run_step(pass, name, workload, old, finding)) return;
  if (!is_up(pass.find(old.id)->phase)) return;
  finding.word = WorkloadWord::running;
  finding.reason = fmt::format("Its old container runs on: {}", why);
}

// While another workload of the same apply must be proven first, what ran before goes on. False if nothing did.
bool wait_step(Pass& pass, const std::string& name, const Workload& workload, Finding& finding) {
  const std::string other = waits_for_turn(pass, name);
  if (other.empty()) return false;
  const OwnedContainer* old = nullptr;
  for (const OwnedContainer& owned : workload.containers) {
    const Container* container = pass.find(owned.id);
    if (container != nullptr && !owned.remove && &owned != target_of(workload) && owned.runs) old = &owned;
  }
  if (old == nullptr || run_step(pass, name, workload, *old, finding)) return old != nullptr;
  finding.word = WorkloadWord::running;
  finding.reason = fmt::format("Its old container runs on until {} runs as it is declared now.", other);
  return true;
}

}  // namespace

void start_step(Pass& pass, const std::string& name, const Workload& workload, Finding& finding) {
  if (wait_step(pass, name, workload, finding)) return;
  const OwnedContainer* active = active_of(pass, workload);
  if (active == nullptr) {
    create_step(pass, name, workload, finding);
    return;
  }
  if (active != target_of(workload)) {
    replace_step(pass, name, workload, *active, finding);
    return;
  }
  if (run_step(pass, name, workload, *active, finding)) return;
  const Container& container = *pass.find(active->id);
  const HealthView view = judge_health(pass, name, workload, *active, container);
  if (view.changes_at) pass.wake(*view.changes_at);
  finding.word = view.word;
  finding.health = view.health;
  finding.reason = view.reason;
  finding.as_intended = view.word == WorkloadWord::running;
  const bool near_limit = workload.memory_high == container.instance();
  if (near_limit && finding.reason.empty()) finding.reason = "It has come near its memory limit.";
  probe_step(pass, name, workload, *active, container);
  const auto& live = container.resources;
  const bool differ = live && limits_differ(workload.declared.spec.resources, *live);
  if (differ && workload.trouble && workload.trouble->code == "update_failed") {
    finding.as_intended = false;
    finding.reason = fmt::format("Its limits could not be changed: {}", workload.trouble->detail);
  }
  update_step(pass, name, workload, container);
}

}  // namespace aura::reconcile

#include "agent/reconcile/evolve.hpp"

#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"
#include "agent/reconcile/runs.hpp"
#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::reconcile {

namespace {

using protocol::Severity;

void shift(std::optional<BootMs>& time, BootMs by) {
  if (time) *time += by;
}

void shift(std::optional<Hold>& hold, BootMs by) {
  if (hold) shift(hold->until, by);
}

void shift(Workload& workload, BootMs by) {
  shift(workload.withdrawn_at, by);
  if (workload.replacing) shift(workload.replacing->first_run_at, by);
  shift(workload.hold, by);
  for (OwnedContainer& container : workload.containers) container.since += by;
  if (workload.start_sent) workload.start_sent->at += by;
  if (workload.stop_sent) {
    workload.stop_sent->at += by;
    workload.stop_sent->hook_again_at += by;
    shift(workload.stop_sent->ordered_at, by);
  }
  if (workload.last_exit) workload.last_exit->at += by;
  for (BootMs& at : workload.restarts) at += by;
  shift(workload.retry_at, by);
  shift(workload.memory_restart_at, by);
  if (workload.trouble) workload.trouble->retry_at += by;
}

// Another boot: every stored time keeps its distance to the last record; the time between counts as zero.
void enter_boot(State& state, const Record& record) {
  if (state.boot_id == record.boot_id) return;
  const BootMs by = record.boot_ms - state.last_time;
  if (!state.boot_id.empty()) {
    shift(state.node.hold, by);
    shift(state.node.fresh_until, by);
    shift(state.node.boot_wait_until, by);
    shift(state.node.silent_since, by);
    if (state.node.decommission && state.node.decommission->trouble) state.node.decommission->trouble->retry_at += by;
    state.destructive_at += by;
    for (auto& [name, workload] : state.workloads) shift(workload, by);
    for (auto& [reference, image] : state.images) shift(image.unused_since, by);
    for (auto& [id, open] : state.open) {
      open.accepted_at += by;
      shift(open.begin_by, by);
      if (open.trouble) open.trouble->retry_at += by;
      if (open.asked) open.asked->at += by;
      if (!open.apply) continue;
      open.apply->undone_at += by;
      for (auto& [name, item] : open.apply->items) {
        shift(item.withdrawn_before, by);
        shift(item.first_run_at, by);
      }
    }
  }
  state.boot_id = record.boot_id;
}

void fold(State& state, const Record&, const record::LedgerCreated& made) {
  state.ledger_id = made.ledger_id;
  state.node_id = made.node_id;
  state.cloud_instance_id = made.cloud_instance_id;
}

void fold(State& state, const Record& record, const record::AgentStarted& started) {
  const bool rebooted = !state.boot_id.empty() && state.boot_id != record.boot_id;
  enter_boot(state, record);
  state.epoch = started.epoch;
  state.agent_version = started.agent_version;
  state.node.going_down = false;
  state.reports = started.reports;
  state.limits = started.limits;
  // A ledger that was copied with its disk: two machines must not act as one node. A start that could not read the
  // machine's id changes nothing of what is known.
  if (!started.cloud_instance_id.empty()) {
    state.seen_instance_id = started.cloud_instance_id;
    if (state.cloud_instance_id.empty()) state.cloud_instance_id = started.cloud_instance_id;
    state.node.cloned = started.cloud_instance_id != state.cloud_instance_id;
  }
  if (started.suspended_marker && !state.node.suspension) {
    state.node.suspension = Suspension{.reason = "the marker file of a ledger that is gone says so",
                                       .actor = "the node itself",
                                       .since = record.wall_ms};
  }
  if (!started.boot_wait) state.node.boot_wait_until.reset();
  if (started.boot_wait && rebooted) state.node.boot_wait_until = record.boot_ms + boot_wait_ms;
  if (started.fresh_hold) state.node.fresh_until = record.boot_ms + fresh_wait_ms;
  emit(state, record,
       {.kind = "agent_started",
        .text = fmt::format("The agent {} started for the {}. time{}.", started.agent_version, started.epoch,
                            rebooted ? ", after a boot of the host" : ""),
        .data = {{"epoch", std::to_string(started.epoch)}, {"version", started.agent_version}}});
}

void fold(State&, const Record&, const record::AgentStopped&) {}

void fold(State& state, const Record& record, const record::HostStopping&) {
  state.node.going_down = true;
  emit(state, record,
       {.kind = "host_stopping",
        .severity = Severity::notice,
        .text = "The host is going down: what runs is stopped within its grace, and runs again after the next boot."});
}

void fold(State& state, const Record& record, const record::Fenced& fenced) {
  state.node.fenced_by = fenced.last_epoch;
  emit(state, record,
       {.kind = "fenced",
        .severity = Severity::error,
        .text = fmt::format("The control plane has seen epoch {} of this node, above ours ({}): another life of it "
                            "is or was about; no command is taken.",
                            fenced.last_epoch, state.epoch)});
}

void fold(State& state, const Record& record, const record::Unfenced&) {
  if (!state.node.fenced_by) return;
  state.node.fenced_by.reset();
  emit(state, record, {.kind = "unfenced", .text = "The control plane takes this node as the real one again."});
}

void fold(State& state, const Record& record, const record::FreshWaitOver&) {
  state.node.fresh_until.reset();
  emit(state, record,
       {.kind = "fresh_wait_over",
        .severity = Severity::notice,
        .text = "The control plane has not decided anything for this new node; it starts what is declared."});
}

void fold(State& state, const Record&, const record::BootWaitOver&) { state.node.boot_wait_until.reset(); }

void fold(State& state, const Record&, const record::EngineFacts& facts) {
  state.node.live_restore = facts.live_restore;
}

void fold(State& state, const Record& record, const record::ControlSilent& silent) {
  if (state.node.silent_since) return;
  state.node.silent_since = silent.since;
  emit(state, record,
       {.kind = "control_silent",
        .severity = Severity::warning,
        .text =
            fmt::format("The control plane has not answered for {}; workloads with [disconnect] wait for their time.",
                        human_duration(std::max<BootMs>(record.boot_ms - silent.since, 0) / 1000))});
}

void fold(State& state, const Record& record, const record::ControlHeard&) {
  if (!state.node.silent_since) return;
  state.node.silent_since.reset();
  emit(state, record, {.kind = "control_heard", .text = "The control plane answers again."});
}

// The last lines of a run come after its end was told.
void keep_tail(State& state, const record::Noted& noted) {
  const auto workload = state.workloads.find(noted.workload);
  const auto id = noted.data.find("container_id");
  const auto started_at = noted.data.find("started_at");
  if (workload == state.workloads.end() || id == noted.data.end() || started_at == noted.data.end()) return;
  run_said(workload->second, {id->second, started_at->second}, noted.log_tail);
}

void fold(State& state, const Record& record, const record::Noted& noted) {
  if (noted.kind == log_tail_kind) keep_tail(state, noted);
  emit(state, record,
       {.kind = noted.kind,
        .severity = noted.severity,
        .workload = noted.workload,
        .text = noted.text,
        .data = noted.data,
        .log_tail = noted.log_tail});
}

// Everything else has its place in one of the other files.
template <class Body>
void fold(State& state, const Record& record, const Body& body) {
  evolve_part(state, record, body);
}

}  // namespace

void evolve(State& state, const Record& record) {
  std::visit([&](const auto& body) { fold(state, record, body); }, record.body);
  // A record of another boot moves the clock only through AgentStarted, which has shifted everything.
  if (state.boot_id.empty()) state.boot_id = record.boot_id;
  if (state.boot_id == record.boot_id) state.last_time = std::max(record.boot_ms, BootMs{0});
}

}  // namespace aura::reconcile

// evolve() for what is done to a run: its stop with the hook before it, freezing, its memory.
#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"
#include "common/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

using protocol::Severity;

void evolve_part(State& state, const Record& record, const record::StopIntended& intended) {
  Workload* workload = find_workload(state, intended.workload);
  if (workload == nullptr) return;
  workload->stop_sent = intended.stop;
  workload->stop_sent->epoch = state.epoch;
  const bool goes_out = intended.stop.hook == HookState::over;
  if (intended.stop.cause == Cause::memory && goes_out) workload->memory_restart_at = record.boot_ms;
  workload->stuck = false;
  if (workload->trouble && workload->trouble->code == "stuck") workload->trouble.reset();
}

void evolve_part(State& state, const Record&, const record::StopWithdrawn& withdrawn) {
  Workload* workload = find_workload(state, withdrawn.workload);
  if (workload != nullptr) workload->stop_sent.reset();
}

void evolve_part(State& state, const Record& record, const record::HookAnswered& answered) {
  Workload* workload = find_workload(state, answered.workload);
  if (workload == nullptr || !workload->stop_sent) return;
  StopSent& stop = *workload->stop_sent;
  if (!(stop.instance == answered.instance) || stop.hook == HookState::over) return;
  const bool busy_before = stop.hook == HookState::busy;
  stop.hook = answered.busy ? HookState::busy : HookState::answered;
  stop.hook_answer = answered.answer;
  // The longer it goes on, the less often: a twentieth of the time so far at least.
  const std::int64_t so_far_ms = record.boot_ms - stop.ordered_at.value_or(stop.at);
  stop.hook_again_at = answered.busy ? record.boot_ms + std::max(answered.again_in_ms, so_far_ms / 20) : 0;
  if (!answered.failed && (!answered.busy || busy_before)) return;
  emit(state, record,
       {.kind = answered.failed ? "stop_hook_failed" : "stop_hook_busy",
        .severity = answered.failed ? Severity::warning : Severity::info,
        .workload = answered.workload,
        .command_id = stop.command_id,
        .actor = stop.actor,
        .text = answered.failed
                    ? fmt::format("{} is stopped although its stop hook {}.", answered.workload, answered.answer)
                    : fmt::format("{} asks to wait before it is stopped: {}.", answered.workload, answered.answer),
        .data = {{"container_id", answered.instance.container_id}}});
}

void evolve_part(State& state, const Record& record, const record::FreezeIntended& intended) {
  Workload* workload = find_workload(state, intended.workload);
  if (workload == nullptr) return;
  workload->frozen = intended.instance;
  emit(state, record,
       {.kind = "workload_frozen",
        .workload = intended.workload,
        .text = fmt::format("{} is frozen: it keeps its memory and will run on from there.", intended.workload),
        .data = {{"container_id", intended.instance.container_id}}});
}

void evolve_part(State& state, const Record& record, const record::Thawed& thawed) {
  Workload* workload = find_workload(state, thawed.workload);
  if (workload == nullptr) return;
  workload->frozen.reset();
  emit(state, record,
       {.kind = "workload_thawed",
        .workload = thawed.workload,
        .text = fmt::format("{} runs on where it was frozen.", thawed.workload)});
}

void evolve_part(State& state, const Record& record, const record::MemoryHigh& high) {
  Workload* workload = find_workload(state, high.workload);
  if (workload == nullptr) return;
  workload->memory_high = high.instance;
  emit(state, record,
       {.kind = "memory_high",
        .severity = Severity::warning,
        .workload = high.workload,
        .text = fmt::format("{} uses {} of the {} of memory that it may have.", high.workload,
                            human_bytes(static_cast<std::uint64_t>(high.used_bytes)),
                            human_bytes(static_cast<std::uint64_t>(high.limit_bytes))),
        .data = {{"used_bytes", std::to_string(high.used_bytes)}, {"limit_bytes", std::to_string(high.limit_bytes)}}});
}

void evolve_part(State& state, const Record& record, const record::MemoryEased& eased) {
  Workload* workload = find_workload(state, eased.workload);
  if (workload == nullptr) return;
  workload->memory_high.reset();
  emit(state, record,
       {.kind = "memory_eased",
        .workload = eased.workload,
        .text = fmt::format("{} is well below its memory limit again: {} of {}.", eased.workload,
                            human_bytes(static_cast<std::uint64_t>(eased.used_bytes)),
                            human_bytes(static_cast<std::uint64_t>(eased.limit_bytes)))});
}

}  // namespace aura::reconcile

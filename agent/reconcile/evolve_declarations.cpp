#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aura::reconcile {

void clear_restart_state(Workload& workload) {
  workload.restarts.clear();
  workload.backoff_step = 0;
  workload.retry_at.reset();
  workload.crash_loop = false;
  workload.never_again = false;
  workload.trouble.reset();
  workload.image_missing = false;
  workload.stuck = false;
}

void evolve_part(State& state, const Record& record, const record::Declared& declared) {
  const Declaration& declaration = declared.declaration;
  const auto [it, fresh] = state.workloads.try_emplace(declaration.name);
  Workload& workload = it->second;
  const bool back = workload.withdrawn_at.has_value();
  const bool new_container = workload.declared.spec_hash != declaration.spec_hash;
  if (workload.declared.spec.image != declaration.spec.image) workload.image_digest.clear();
  workload.declared = declaration;
  workload.withdrawn_at.reset();
  state.removal_held.erase(declaration.name);
  if (new_container || back) clear_restart_state(workload);
  const char* what = fresh           ? "was declared"
                     : back          ? "is declared again"
                     : new_container ? "has a new spec"
                                     : "has new limits";
  emit(state, record,
       {.kind = fresh || back ? "workload_declared" : "workload_changed",
        .workload = declaration.name,
        .text = fmt::format("Workload {} {} (image {}).", declaration.name, what, declaration.spec.image),
        .data = {{"spec_hash", declaration.spec_hash}}});
}

void evolve_part(State& state, const Record& record, const record::Withdrawn& withdrawn) {
  const auto it = state.workloads.find(withdrawn.workload);
  if (it == state.workloads.end()) return;
  it->second.withdrawn_at = record.boot_ms;
  state.removal_held.erase(withdrawn.workload);
  emit(state, record,
       {.kind = "workload_withdrawn",
        .severity = protocol::Severity::notice,
        .workload = withdrawn.workload,
        .text = fmt::format("The declaration of {} is gone: it is stopped, its container is kept for {} days.",
                            withdrawn.workload, state.limits.withdrawn_kept_ms / 86'400'000)});
}

void evolve_part(State& state, const Record& record, const record::Forgotten& forgotten) {
  if (state.workloads.erase(forgotten.workload) == 0) return;
  emit(state, record,
       {.kind = "workload_forgotten",
        .workload = forgotten.workload,
        .text = fmt::format("The container of {} was removed; its declaration is gone for long.", forgotten.workload)});
}

void evolve_part(State& state, const Record& record, const record::RemovalHeld& held) {
  state.removal_held = {held.workloads.begin(), held.workloads.end()};
  if (held.workloads.empty()) return;
  emit(state, record,
       {.kind = "declaration_missing",
        .severity = protocol::Severity::warning,
        .text = fmt::format("The declarations of {} are missing; nothing is stopped. If that is meant: aura-node "
                            "reload --allow-removal.",
                            fmt::join(held.workloads, ", "))});
}

}  // namespace aura::reconcile

#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

void take_back(Workload& workload, const std::string& spec_hash, const Declaration& before) {
  clear_restart_state(workload);
  workload.declared = before;
  for (OwnedContainer& container : workload.containers) {
    if (container.spec_hash == spec_hash && spec_hash != before.spec_hash) container.remove = true;
  }
}

namespace {

// What a changed file replaces is kept until the new spec has shown itself good, where it is worth going back to.
void note_replacement(Workload& workload, const Declaration& declaration) {
  if (workload.replacing) {
    // Changed again before it was proven: what ran before both is what counts.
    const bool reverted = workload.replacing->before.spec_hash == declaration.spec_hash;
    if (reverted)
      workload.replacing.reset();
    else
      workload.replacing->first_run_at.reset();
    return;
  }
  const bool ran = std::any_of(workload.containers.begin(), workload.containers.end(), [&](const auto& container) {
    return container.spec_hash == workload.declared.spec_hash && !container.seen.empty() && !container.remove;
  });
  const bool was_well = ran && !workload.crash_loop && !workload.never_again && !workload.trouble;
  const bool of_files = declaration.source == Source::file && workload.declared.source == Source::file;
  if (of_files && was_well) workload.replacing = Replacement{workload.declared, {}};
}

}  // namespace

void evolve_part(State& state, const Record& record, const record::SpecProven& proven) {
  const auto it = state.workloads.find(proven.workload);
  if (it == state.workloads.end() || !it->second.replacing) return;
  it->second.replacing.reset();
  emit(state, record,
       {.kind = "spec_proven",
        .workload = proven.workload,
        .text = fmt::format("{} has shown itself good with its new spec.", proven.workload)});
}

void evolve_part(State& state, const Record& record, const record::SpecRefused& refused) {
  const auto it = state.workloads.find(refused.workload);
  if (it == state.workloads.end() || !it->second.replacing) return;
  Workload& workload = it->second;
  workload.refused = RefusedSpec{workload.declared, refused.why};
  take_back(workload, workload.declared.spec_hash, Declaration(workload.replacing->before));
  workload.replacing.reset();
  emit(
      state, record,
      {.kind = "spec_refused",
       .severity = protocol::Severity::error,
       .workload = refused.workload,
       .text = fmt::format("{} goes back to what ran before its file was changed: {}", refused.workload, refused.why)});
}

void evolve_part(State& state, const Record& record, const record::Declared& declared) {
  const Declaration& declaration = declared.declaration;
  const auto [it, fresh] = state.workloads.try_emplace(declaration.name);
  Workload& workload = it->second;
  const bool back = workload.withdrawn_at.has_value();
  const bool new_container = workload.declared.spec_hash != declaration.spec_hash;
  if (workload.declared.spec.image != declaration.spec.image) workload.image_digest.clear();
  if (!fresh && !back && new_container) note_replacement(workload, declaration);
  const bool settles = !new_container && workload.refused.has_value();
  workload.refused.reset();
  workload.declared = declaration;
  workload.withdrawn_at.reset();
  state.removal_held.erase(declaration.name);
  if (new_container || back) clear_restart_state(workload);
  const char* what = fresh           ? "was declared"
                     : back          ? "is declared again"
                     : new_container ? "has a new spec"
                     : settles       ? "is declared as it runs"
                                     : "has new limits or settings";
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
  it->second.replacing.reset();
  it->second.refused.reset();
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

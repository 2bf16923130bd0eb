// An apply's set becomes what is declared, or stops being it.
#include "agent/reconcile/events.hpp"
#include "agent/reconcile/evolve_parts.hpp"

#include <fmt/format.h>

namespace aura::reconcile {

namespace {

Apply* find(State& state, const std::string& command_id) {
  const auto it = state.open.find(command_id);
  return it == state.open.end() || !it->second.apply ? nullptr : &*it->second.apply;
}

ApplyItem item_for(const State& state, const std::string& name) {
  ApplyItem item;
  const auto it = state.workloads.find(name);
  if (it == state.workloads.end()) return item;
  item.before = it->second.declared;
  item.withdrawn_before = it->second.withdrawn_at;
  return item;
}

bool is_declared(const State& state, const Declaration& declaration) {
  const auto it = state.workloads.find(declaration.name);
  return it != state.workloads.end() && !it->second.withdrawn_at && it->second.declared == declaration;
}

// The new container is of no use any more; the old one is what is declared again.
void undo(State& state, BootMs now, const std::string& name, const ApplyItem& item) {
  const auto it = state.workloads.find(name);
  if (it == state.workloads.end()) return;
  Workload& workload = it->second;
  const std::string applied_hash = workload.declared.spec_hash;
  if (item.before) {
    take_back(workload, applied_hash, *item.before);
    workload.withdrawn_at = item.withdrawn_before;
    return;
  }
  clear_restart_state(workload);
  workload.withdrawn_at = now - state.limits.withdrawn_kept_ms;  // nothing of it is worth keeping
  for (OwnedContainer& container : workload.containers) {
    if (container.spec_hash == applied_hash) container.remove = true;
  }
}

}  // namespace

void evolve_part(State& state, const Record& record, const record::ApplyDeclared& declared) {
  Apply* apply = find(state, declared.command_id);
  if (apply == nullptr) return;
  apply->declared = true;
  for (const auto& [name, declaration] : apply->wanted) {
    if (is_declared(state, declaration)) continue;
    apply->items[name] = item_for(state, name);
    evolve_part(state, record, record::Declared{declaration});
  }
  std::vector<std::string> gone;
  for (const auto& [name, workload] : state.workloads) {
    const bool ours = workload.declared.source == Source::applied && !workload.withdrawn_at;
    if (ours && !apply->wanted.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    apply->items[name] = item_for(state, name);
    evolve_part(state, record, record::Withdrawn{name});
  }
}

void evolve_part(State& state, const Record& record, const record::ApplyUndone& undone) {
  Apply* apply = find(state, undone.command_id);
  if (apply == nullptr) return;
  apply->undone = undone.why;
  apply->undone_at = record.boot_ms;
  apply->cancelled = undone.cancelled;
  for (const auto& [name, item] : apply->items) undo(state, record.boot_ms, name, item);
  emit(state, record,
       {.kind = "apply_undone",
        .severity = undone.cancelled ? protocol::Severity::notice : protocol::Severity::error,
        .command_id = undone.command_id,
        .text = fmt::format("The applied set is taken back: {}", undone.why)});
}

void note_image(State& state, const std::string& image) {
  for (auto& [id, open] : state.open) {
    if (!open.apply || open.apply->declared) continue;
    for (const auto& [name, declaration] : open.apply->wanted) {
      if (declaration.spec.image == image) open.apply->images.insert(image);
    }
  }
}

void note_first_run(State& state, const Record& record, const std::string& workload, const std::string& spec_hash) {
  const auto changed = state.workloads.find(workload);
  const bool replaces =
      changed != state.workloads.end() && changed->second.replacing && changed->second.declared.spec_hash == spec_hash;
  if (replaces && !changed->second.replacing->first_run_at) changed->second.replacing->first_run_at = record.boot_ms;
  for (auto& [id, open] : state.open) {
    if (!open.apply || !open.apply->declared) continue;
    const auto item = open.apply->items.find(workload);
    const auto wanted = open.apply->wanted.find(workload);
    if (item == open.apply->items.end() || wanted == open.apply->wanted.end()) continue;
    if (wanted->second.spec_hash == spec_hash && !item->second.first_run_at) {
      item->second.first_run_at = record.boot_ms;
    }
  }
}

}  // namespace aura::reconcile

#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

// It ran to its end with exit code 0, for the spec that is declared now, and is left at that.
bool has_completed(const Pass& pass, const Workload& workload) {
  const OwnedContainer* target = target_of(workload);
  if (target == nullptr || !workload.last_exit || is_up(pass, workload)) return false;
  const Exit& exit = *workload.last_exit;
  return workload.never_again && exit.code == 0 && !target->id.empty() && exit.instance.container_id == target->id;
}

std::string missing(const Pass& pass, const std::string& name, const Workload& workload, DependencyNeed need) {
  if (need == DependencyNeed::completed && has_completed(pass, workload)) return {};
  if (!should_run(pass.state, workload)) return fmt::format("It waits for {}, which is meant to be stopped.", name);
  if (const auto rest = rest_of(pass, workload))
    return fmt::format("It waits for {}, which rests: {}", name, rest->why);
  switch (need) {
    case DependencyNeed::started:
      if (is_up(pass, workload) && !must_go(pass, name, workload)) return {};
      return fmt::format("It waits for {} to run.", name);
    case DependencyNeed::healthy:
      if (is_healthy(pass, name, workload)) return {};
      return fmt::format("It waits for {} to be healthy.", name);
    case DependencyNeed::completed: return fmt::format("It waits for {} to end with exit code 0.", name);
  }
  return {};
}

}  // namespace

std::string missing_dependency(const Pass& pass, const Workload& workload) {
  for (const auto& [name, need] : workload.declared.spec.depends_on) {
    const auto it = pass.state.workloads.find(name);
    if (it == pass.state.workloads.end()) return fmt::format("It waits for {}, which is not declared.", name);
    if (std::string text = missing(pass, name, it->second, need); !text.empty()) return text;
  }
  return {};
}

std::string restarted_dependency(const Pass& pass, const Workload& workload, const OwnedContainer& owned) {
  const WorkloadSpec& spec = workload.declared.spec;
  if (spec.on_dependency_restart != OnDependencyRestart::restart) return {};
  std::string restarted;
  for (const auto& [name, need] : spec.depends_on) {
    const auto it = pass.state.workloads.find(name);
    if (it == pass.state.workloads.end()) continue;
    const OwnedContainer* target = target_of(it->second);
    // A run that was first seen after ours began is a later one: what we depend on starts before us.
    if (target != nullptr && target->since > owned.since) restarted = name;
  }
  // Once all are back: one restart, into a place where it can run.
  return restarted.empty() || !missing_dependency(pass, workload).empty() ? std::string{} : restarted;
}

}  // namespace aura::reconcile

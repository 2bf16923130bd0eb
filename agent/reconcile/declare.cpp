#include "agent/reconcile/declare.hpp"

#include <algorithm>

namespace aura::reconcile {

namespace {

std::vector<std::string> missing(const State& state, const DeclaredSet& set) {
  std::vector<std::string> names;
  for (const auto& [name, workload] : state.workloads) {
    const bool ours = workload.declared.source == Source::file && !workload.withdrawn_at;
    if (ours && !set.good.contains(name) && !set.broken.contains(name)) names.push_back(name);
  }
  return names;
}

std::size_t declared_files(const State& state) {
  return static_cast<std::size_t>(std::count_if(state.workloads.begin(), state.workloads.end(), [](const auto& each) {
    return each.second.declared.source == Source::file && !each.second.withdrawn_at;
  }));
}

}  // namespace

std::vector<Record> declare(const State& state, const DeclaredSet& set, const Leave& leave, const Now& now) {
  std::vector<Record> records;
  for (const auto& [name, declaration] : set.good) {
    const auto it = state.workloads.find(name);
    const bool known = it != state.workloads.end() && !it->second.withdrawn_at;
    const bool refused = known && it->second.refused && it->second.refused->declaration == declaration;
    if (refused && !leave.again) continue;
    if (known && it->second.declared == declaration && !it->second.refused) continue;
    records.push_back(make_record(now, record::Declared{declaration}));
  }
  if (!set.complete) return records;

  const std::vector<std::string> gone = missing(state, set);
  const bool was_held =
      std::any_of(gone.begin(), gone.end(), [&](const std::string& name) { return state.removal_held.contains(name); });
  const bool too_much = gone.size() > 1 || was_held || (gone.size() == 1 && declared_files(state) == 1);
  if (too_much && !leave.allow_removal) {
    const std::set<std::string> held{gone.begin(), gone.end()};
    if (held != state.removal_held) records.push_back(make_record(now, record::RemovalHeld{gone}));
    return records;
  }
  for (const std::string& name : gone) records.push_back(make_record(now, record::Withdrawn{name}));
  if (gone.empty() && !state.removal_held.empty()) records.push_back(make_record(now, record::RemovalHeld{}));
  return records;
}

}  // namespace aura::reconcile

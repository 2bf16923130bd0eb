// From the declarations read now to records: what is new, changed, gone, and what removal must wait for leave.
#pragma once

#include "agent/reconcile/record.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace aura::reconcile {

struct DeclaredSet {
  // False: the folder could not be read completely; then nothing is withdrawn.
  bool complete = false;
  std::map<std::string, Declaration> good;
  std::set<std::string> broken;  // names whose file is there but bad: their last good spec stays in force
};

// Records that bring the state's file declarations to `set`. A removal of more than one workload, or of the last,
// yields RemovalHeld instead unless allow_removal. Withdrawn workloads that are declared again come back.
std::vector<Record> declare(const State& state, const DeclaredSet& set, bool allow_removal, const Now& now);

}  // namespace aura::reconcile

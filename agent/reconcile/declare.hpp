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

// What whoever reads the declarations allows and asks for.
struct Leave {
  bool allow_removal = false;
  bool again = false;  // specs that were refused are tried again, though their files are as they were
};

// Records that bring the state's file declarations to `set`. A removal of more than one workload, or of the last,
// yields RemovalHeld instead unless allowed. Withdrawn workloads that are declared again come back. A spec that
// was refused is tried again only where somebody asks for it, or its file has changed.
std::vector<Record> declare(const State& state, const DeclaredSet& set, const Leave& leave, const Now& now);

}  // namespace aura::reconcile

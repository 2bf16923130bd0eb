// The specs of an apply as declarations.
#pragma once

#include "agent/config/policy.hpp"
#include "agent/config/workload_folder.hpp"
#include "agent/reconcile/workload.hpp"

#include <map>
#include <string>
#include <vector>

namespace aura::config {

struct AppliedResult {
  std::map<std::string, reconcile::Declaration> declarations;  // all of them, if there is no problem
  std::vector<Problem> problems;
};

// `specs`: name -> JSON of what a workload file says. Checked as files are: each alone, against the policy, and
// together with one another and with `others`, which are declared by files.
AppliedResult read_applied(const std::map<std::string, std::string>& specs,
                           const std::map<std::string, reconcile::WorkloadSpec>& others, const Policy& policy,
                           const PolicyContext& context, const SecretDigest& digest);

}  // namespace aura::config

// What is wrong with parsed workloads beyond their own text: the policy, the disk, and one another.
#pragma once

#include "agent/config/policy.hpp"
#include "agent/config/workload_file.hpp"

#include <map>
#include <string>

namespace aura::config {

struct Candidate {
  std::string file;
  ParsedWorkload parsed;  // what is found is added to parsed.problems
};

// Policy, mount sources and credentials of one workload: "{tenant}" in their names gives way to the context's tenant.
// Nothing is done for one without a spec.
void check_alone(Candidate& candidate, const Policy& policy, const PolicyContext& context);

// Mounts and host ports that clash, dependencies that nobody declares, cycles. By name; those without a spec count as
// declared and are otherwise left out.
void check_together(std::map<std::string, Candidate>& candidates);

}  // namespace aura::config

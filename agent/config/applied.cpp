#include "agent/config/applied.hpp"

#include "agent/config/json_document.hpp"
#include "agent/store/spec_codec.hpp"

#include <fmt/core.h>

namespace aura::config {

AppliedResult read_applied(const std::map<std::string, std::string>& specs,
                           const std::map<std::string, reconcile::WorkloadSpec>& others, const Policy& policy,
                           const PolicyContext& context, const SecretDigest& digest) {
  AppliedResult result;
  std::map<std::string, Candidate> candidates;
  for (const auto& [name, spec] : others) {
    Candidate& candidate = candidates[name];
    candidate.file = name + ".toml";
    candidate.parsed.spec = spec;
  }
  for (const auto& [name, text] : specs) {
    Candidate& candidate = candidates[name];
    candidate.file = name;
    candidate.parsed = read_workload(parse_json_document(text, name), name, name);
    check_alone(candidate, policy, context);
  }
  if (candidates.size() > max_workloads) {
    result.problems.push_back({"", 0, 0, "", fmt::format("a node takes {} workloads: apply fewer", max_workloads)});
  }
  check_together(candidates);
  for (auto& [name, candidate] : candidates) {
    if (specs.contains(name) && candidate.parsed.spec) {
      const auto digests = secret_digests(candidate, digest);
      reconcile::Declaration declaration{name, reconcile::Source::applied, *candidate.parsed.spec, ""};
      declaration.spec_hash = store::spec_hash(declaration.spec, digests);
      result.declarations.emplace(name, std::move(declaration));
    }
    const auto& found = candidate.parsed.problems;
    result.problems.insert(result.problems.end(), found.begin(), found.end());
  }
  return result;
}

}  // namespace aura::config

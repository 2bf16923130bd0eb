#include "agent/config/folder_check.hpp"

#include "agent/config/mount_check.hpp"
#include "agent/config/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <vector>

namespace aura::config {
namespace {

using Candidates = std::map<std::string, Candidate>;
using Specs = std::map<std::string, const reconcile::WorkloadSpec*>;

void add(Candidate& candidate, const std::string& key, std::string message) {
  const auto line = candidate.parsed.lines.find(key);
  candidate.parsed.problems.push_back(
      {candidate.file, line == candidate.parsed.lines.end() ? 0 : line->second, 0, key, std::move(message)});
}

void fill_in(Candidate& candidate, const std::string& key, std::string& credential, const std::string& tenant) {
  std::string filled = with_tenant(credential, tenant);
  if (filled == credential) return;
  if (tenant.empty()) {
    add(candidate, key,
        fmt::format("{} asks for this node's tenant, and it has none: set node.tenant in agent.toml", credential));
  } else if (!is_plain_name(filled)) {
    add(candidate, key, fmt::format("{} is too long for the name of a credential: shorten it", filled));
  }
  credential = std::move(filled);
}

void fill_in_tenant(Candidate& candidate, const std::string& tenant) {
  reconcile::WorkloadSpec& spec = *candidate.parsed.spec;
  for (auto& [name, secret] : spec.secrets) fill_in(candidate, "secrets." + name, secret.credential, tenant);
  for (auto& [name, secret] : spec.secret_files) fill_in(candidate, "secret_files." + name, secret.credential, tenant);
  fill_in(candidate, "registry_auth", spec.registry_auth, tenant);
  if (spec.stop.hook) fill_in(candidate, "stop.hook.bearer", spec.stop.hook->bearer, tenant);
}

void check_mounts(Candidates& candidates, const Specs& specs) {
  for (const auto& [name, spec] : specs) {
    for (std::size_t i = 0; i < spec->mounts.size(); ++i) {
      if (auto problem = shared_mount_problem(name, spec->mounts[i], specs)) {
        add(candidates.at(name), fmt::format("mounts[{}]", i), std::move(*problem));
      }
    }
  }
}

bool is_wildcard(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

bool clash(const reconcile::Port& a, const reconcile::Port& b) {
  return a.host_port == b.host_port && a.protocol == b.protocol &&
         (a.host_address == b.host_address || is_wildcard(a.host_address) || is_wildcard(b.host_address));
}

void check_ports(Candidates& candidates, const Specs& specs) {
  for (const auto& [name, spec] : specs) {
    for (std::size_t i = 0; i < spec->ports.size(); ++i) {
      for (const auto& [other_name, other] : specs) {
        if (other_name == name) continue;
        const reconcile::Port& port = spec->ports[i];
        if (std::none_of(other->ports.begin(), other->ports.end(), [&port](const auto& p) { return clash(p, port); })) {
          continue;
        }
        add(candidates.at(name), fmt::format("ports[{}]", i),
            fmt::format("host port {}/{} is published by workload {} too: give each a port of its own", port.host_port,
                        port.protocol, other_name));
        break;
      }
    }
  }
}

// True if `from` waits for `to`, itself or through others.
bool waits_for(const Specs& specs, const std::string& from, const std::string& to, std::set<std::string>& seen) {
  if (!seen.insert(from).second) return false;
  const auto known = specs.find(from);
  if (known == specs.end()) return false;
  return std::any_of(known->second->depends_on.begin(), known->second->depends_on.end(), [&](const auto& dependency) {
    return dependency.first == to || waits_for(specs, dependency.first, to, seen);
  });
}

std::string backup_problem(const Specs& specs, const std::string& name, const reconcile::WorkloadSpec& spec) {
  const auto backup = specs.find(spec.backup);
  if (backup == specs.end()) return {};
  if (!backup->second->backup.empty()) {
    return fmt::format("{} has a backup itself: one backup is no primary, remove its key", spec.backup);
  }
  std::set<std::string> seen_from_backup, seen_from_primary;
  if (waits_for(specs, spec.backup, name, seen_from_backup)) {
    return fmt::format("{} depends on this workload and could not start when it is given up: remove the dependency",
                       spec.backup);
  }
  if (waits_for(specs, name, spec.backup, seen_from_primary)) {
    return fmt::format("this workload depends on {}, which does not run while this one is well: remove the dependency",
                       spec.backup);
  }
  return {};
}

// Mounts and ports in common are refused for any two workloads: a primary and its backup run beside each other while
// the one is tried again.
void check_backups(Candidates& candidates, const Specs& specs) {
  for (const auto& [name, spec] : specs) {
    if (spec->backup.empty()) continue;
    std::string problem = backup_problem(specs, name, *spec);
    if (!candidates.contains(spec->backup)) {
      problem = fmt::format("no workload {} is declared: add its file or remove the key", spec->backup);
    }
    if (!problem.empty()) add(candidates.at(name), "backup", std::move(problem));
  }
}

class CycleFinder {
 public:
  CycleFinder(Candidates& candidates, const Specs& specs) : candidates_(candidates), specs_(specs) {}

  void run() {
    for (const auto& [name, spec] : specs_) visit(name);
  }

 private:
  // Depth is bounded by the number of workloads.
  void visit(const std::string& name) {
    if (done_.contains(name)) return;
    const auto on_path = std::find(path_.begin(), path_.end(), name);
    if (on_path != path_.end()) {
      report({on_path, path_.end()});
      return;
    }
    path_.push_back(name);
    for (const auto& [other, need] : specs_.at(name)->depends_on) {
      if (specs_.contains(other)) visit(other);
    }
    path_.pop_back();
    done_.insert(name);
  }

  void report(const std::vector<std::string>& cycle) {
    std::string text;
    for (const std::string& name : cycle) text += name + " -> ";
    text += cycle.front();
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      const std::string& next = cycle[(i + 1) % cycle.size()];
      add(candidates_.at(cycle[i]), "depends_on." + next, fmt::format("is part of a cycle: {}: break it", text));
    }
  }

  Candidates& candidates_;
  const Specs& specs_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
};

}  // namespace

void check_alone(Candidate& candidate, const Policy& policy, const PolicyContext& context) {
  if (!candidate.parsed.spec) return;
  fill_in_tenant(candidate, context.tenant);
  const reconcile::WorkloadSpec& spec = *candidate.parsed.spec;
  std::set<std::string> refused;
  for (Violation& violation : find_violations(policy, spec, context)) {
    refused.insert(violation.key);
    add(candidate, violation.key, std::move(violation.message));
  }
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const std::string key = fmt::format("mounts[{}]", i);
    if (refused.contains(key)) continue;
    if (auto problem = mount_problem(spec.mounts[i].source)) add(candidate, key, std::move(*problem));
  }
}

void check_together(Candidates& candidates) {
  Specs specs;
  for (auto& [name, candidate] : candidates) {
    if (candidate.parsed.spec) specs[name] = &*candidate.parsed.spec;
  }
  check_mounts(candidates, specs);
  check_ports(candidates, specs);
  check_backups(candidates, specs);
  for (const auto& [name, spec] : specs) {
    for (const auto& [other, need] : spec->depends_on) {
      const auto known = specs.find(other);
      const bool ends = need != reconcile::DependencyNeed::completed || known == specs.end() ||
                        known->second->restart.policy != reconcile::RestartPolicy::always;
      if (!ends) {
        add(candidates.at(name), "depends_on." + other,
            fmt::format("waits for {} to complete, but that is always restarted: give it restart.policy \"on_failure\" "
                        "or \"never\"",
                        other));
      }
      if (candidates.contains(other)) continue;
      add(candidates.at(name), "depends_on." + other,
          fmt::format("no workload {} is declared: add its file or remove the dependency", other));
    }
  }
  CycleFinder(candidates, specs).run();
}

}  // namespace aura::config

// policy.toml: the bounds that root sets for every spec, whoever sends it. No command changes it.
#pragma once

#include "agent/config/config.hpp"
#include "agent/config/finding.hpp"
#include "agent/reconcile/workload.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::config {

struct Policy {
  std::vector<std::string> mount_roots{"/srv"};
  std::vector<std::string> registries{"*"};  // "*", "ghcr.io", "ghcr.io/openclaw": matched by path component
  std::vector<std::string> refused_verbs;    // as in the protocol, "power_off"
  bool privileged = false;
  std::vector<std::string> host_namespaces;  // "network" | "pid" | "ipc"
  std::vector<std::string> cap_add;          // without CAP_; "ALL": every one
  std::vector<std::string> port_addresses{"127.0.0.1"};
  bool operator==(const Policy&) const = default;
};

// What a spec is judged by beside the policy. own_paths: what is never mountable besides the fixed /etc, /run, /proc,
// /sys, /: the agent's own paths and the sockets it uses.
struct PolicyContext {
  std::vector<std::string> own_paths;
  std::string tenant{};  // what "{tenant}" in names of credentials stands for
};
PolicyContext policy_context(const Config& config);

struct PolicyResult {
  std::optional<Policy> policy;
  std::vector<Problem> problems;
  explicit operator bool() const { return policy.has_value(); }
};

// The defaults where there is no file; problems if it is not root's alone to write, or does not parse.
PolicyResult load_policy(const std::string& path);
// The same from text; `file` names it in problems.
PolicyResult parse_policy(std::string_view text, const std::string& file);

struct Violation {
  std::string key;      // of the workload file
  std::string message;  // one sentence with the remedy
};
std::vector<Violation> find_violations(const Policy& policy, const reconcile::WorkloadSpec& spec,
                                       const PolicyContext& context);
// The same as "key: message". Empty: the spec is within the policy.
std::vector<std::string> violations(const Policy& policy, const reconcile::WorkloadSpec& spec,
                                    const PolicyContext& context);

// True if `path` is `root` or below it; compared by path components ("/srv" does not hold "/srvx"). Both absolute.
bool path_within(std::string_view path, std::string_view root);

}  // namespace aura::config

// The folder of workload files as the set of what is declared.
#pragma once

#include "agent/config/finding.hpp"
#include "agent/config/folder_check.hpp"
#include "agent/config/policy.hpp"
#include "agent/reconcile/declare.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aura::config {

inline constexpr std::size_t max_workload_file_bytes = 256 * 1024;
inline constexpr std::size_t max_workloads = 256;

// HMAC-SHA256 of a credential's value under the ledger's key, 64 hex digits; nullopt: no such credential. Asked only
// for references with on_change = "restart". An empty function: digests are left out (for a mere check).
using SecretDigest = std::function<std::optional<std::string>(const std::string& credential)>;

// The digests that the spec's hash needs. A credential that is not there becomes a problem of the candidate.
std::map<std::string, std::string> secret_digests(Candidate& candidate, const SecretDigest& digest);

struct FolderResult {
  // complete = false if the folder could not be read whole: then nothing may be withdrawn.
  reconcile::DeclaredSet set;
  // Sorted by file and line.
  std::vector<Problem> problems;
};

// Reads DIR/*.toml (names that begin with a dot are passed over). A bad file is in set.broken and in problems; it
// never makes another one bad, except where two contradict each other (the same writable mount, the same host port,
// a cycle), which makes all of them bad.
FolderResult load_folder(const std::string& dir, const Policy& policy, const PolicyContext& context,
                         const SecretDigest& digest);

}  // namespace aura::config

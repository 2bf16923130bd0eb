// A workload's spec as canonical JSON, and its hash.
#pragma once

#include "agent/reconcile/workload.hpp"
#include "common/error.hpp"
#include "common/protocol/command.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aura::store {

// Only what differs from the defaults, keys sorted, units normalised: equal specs give equal text.
// mask_env: values of env replaced by "***" (for APIs).
std::string canonical_spec(const reconcile::WorkloadSpec& spec, bool mask_env = false);
Result<reconcile::WorkloadSpec> parse_canonical_spec(std::string_view json);

// What differs field by field, keys dotted as in the canonical spec; lists are compared whole. nullptr: not declared.
std::vector<protocol::Change> spec_changes(const std::string& workload, const reconcile::WorkloadSpec* before,
                                           const reconcile::WorkloadSpec* after);

// "v1:" and 64 hex digits over the canonical spec without memory, cpus and pids. `secret_digests`: for each
// credential whose reference says on_change = restart, HMAC-SHA256 of its value under the ledger's key.
std::string spec_hash(const reconcile::WorkloadSpec& spec, const std::map<std::string, std::string>& secret_digests);

}  // namespace aura::store

// Bodies that are not one of the protocol's own structs.
#pragma once

#include "agent/reconcile/state.hpp"
#include "common/protocol/report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::api {

// {"ok":…,"reasons":[…]}
std::string health_json(bool ok, const std::vector<std::string>& reasons);
// {"version":…,"protocol":1}
std::string version_json(std::string_view version);
// Every workload of the report with its spec, env masked: an array.
std::string workloads_json(const protocol::Report& report, const reconcile::State& state);
// One of them; nullopt: no such workload.
std::optional<std::string> workload_json(const protocol::Report& report, const reconcile::State& state,
                                         const std::string& name);
// {"id","state":"open"|"settled","command","outcome"?}; nullopt: the node does not know the id.
std::optional<std::string> command_json(const reconcile::State& state, const std::string& id);

}  // namespace aura::api

// JSON that only the command line reads or writes.
#pragma once

#include "agent/cli/doctor.hpp"
#include "agent/cli/top_view.hpp"
#include "agent/config/finding.hpp"
#include "common/error.hpp"
#include "common/protocol/command.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

// GET /v1/commands/{id}: settled if there is an outcome.
struct CommandStatus {
  std::string id;
  std::optional<protocol::Outcome> outcome;
};
// bad_reply for anything else.
Result<CommandStatus> decode_command_status(std::string_view json);

// "version" of GET /version; bad_reply for anything else.
Result<std::string> decode_version(std::string_view json);

// What doctor must know of Docker's GET /version (Engine API, SystemVersion).
struct EngineVersion {
  std::string version;      // "27.3.1"
  std::string api_version;  // "1.47"
};
Result<EngineVersion> decode_engine_version(std::string_view json);

// Objects for --json.
std::string encode_version(std::string_view own, const std::optional<std::string>& agent);
std::string encode_findings(const std::vector<Finding>& findings);
std::string encode_problems(const std::vector<config::Problem>& problems);
// {"node_id", "workloads": [{"name", "state", "cpu_percent", "memory_bytes", …}]}; null where there is no figure.
std::string encode_top(const protocol::Report& report, const std::vector<TopRow>& rows);

}  // namespace aura::cli

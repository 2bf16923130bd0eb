// What Docker tells of itself and of the containers with our label: for doctor's judgement and for the bundle.
#pragma once

#include "common/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

struct EngineFacts {
  bool live_restore = false;
  std::string logging_driver;  // of containers that say nothing else
  std::string root_dir;
};
// GET /info; bad_reply for anything else.
Result<EngineFacts> decode_engine_info(std::string_view json);

struct ContainerFacts {
  std::string name;            // without Docker's slash
  std::string workload;        // its label
  std::string restart_policy;  // "no", "always", …
  std::string logging_driver;
  bool log_bounded = true;  // the driver bounds what it keeps, or max-size does
  std::map<std::string, std::string> env;
  std::string shown;  // the whole answer, without values of the environment and of foreign labels
};
// GET /containers/ID/json; bad_reply for anything else.
Result<ContainerFacts> decode_container(std::string_view json);

// The ids in GET /containers/json.
Result<std::vector<std::string>> decode_ids(std::string_view json);

// Whether /etc/docker/daemon.json bounds the logs of containers that say nothing else.
bool bounds_logs(std::string_view daemon_json);

struct DockerFacts {
  EngineFacts engine;
  std::vector<ContainerFacts> containers;  // with this node's label, whoever made them
  std::string version_json, info_json;     // as Docker gave them
};
// Asks; the caller has seen to it that asking does not start a Docker that was stopped on purpose.
// `node_id` is one of a configuration: letters, digits and dashes.
Result<DockerFacts> ask_docker(const std::string& socket, const std::string& node_id);

}  // namespace aura::cli

// `aura-control serve`: the composition root of the server.
#pragma once

#include "control/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace aura::control {

struct ServeOptions {
  std::string config_path;          // "": none
  std::string state_dir;            // "": $STATE_DIRECTORY, else the default
  std::vector<std::string> listen;  // these override the file, where they are given
  std::optional<std::string> tailscale_socket;
  std::optional<std::string> db;
  std::optional<int> heartbeat_s;
};

// Runs until SIGTERM or SIGINT, then stops cleanly. 0: stopped on request; 1: could not start, with the reason on
// stderr; 64: the options contradict themselves. The operator token is made at the first start, in the file
// operator-token (mode 0600) of the state directory.
int serve(const ServeOptions& options);

}  // namespace aura::control
